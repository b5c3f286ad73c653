/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_PROJECTS_H)
#define COSTMARK_PROJECTS_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Projects: create, read, tag and archive those of an account in one region
 *
 * AWS keeps projects on two planes, and this is one interface to both; whether a project of one
 * exists on the other is not known. In every call `project` is an id or an ARN, and a `wait` may be
 * NULL; its `no_wait` must be zero. Names and tags are checked before anything is sent: a name has
 * 1 to 127 characters; a project at most 50 tags, whose keys have 1 to 128 and whose values 0 to
 * 256 letters, digits and spaces of ASCII and any of _ . : / = + - @. What the service throttles is
 * tried again for about a minute.
 *
 * Each call may return the statuses of costmark_operation_ready() about credentials, and
 * COSTMARK_INVALID_ARGUMENT: a name or a tag that is not allowed, or what the service refuses as
 *     invalid.
 * COSTMARK_INVALID_PROJECT: no such project; one that is archived, where it is to be changed; the
 *     ARN of another plane or region; no id.
 * COSTMARK_ENDPOINT_MISMATCH: there is no Projects API at the endpoint.
 * COSTMARK_UNUSABLE_CREDENTIALS: the service does not accept the credentials or the token.
 * COSTMARK_THROTTLED: the service is throttling; try again later.
 * COSTMARK_SERVICE: anything else that it refuses: a permission that is missing, the limit of
 *     projects, a failure of its own.
 * COSTMARK_TRANSPORT, COSTMARK_TIMEOUT, COSTMARK_CANCELLED: no answer came.
 */

typedef int32_t costmark_project_plane;
enum {
  COSTMARK_PROJECT_PLANE_AUTO = 0,   /* that of the endpoint of the options */
  COSTMARK_PROJECT_PLANE_MANTLE = 1, /* bedrock-mantle hosts */
  COSTMARK_PROJECT_PLANE_BEDROCK = 2 /* Bedrock's control plane, as the AWS SDKs speak to it */
};

/* The Projects API of one account, region and plane. Synchronized internally. */
typedef struct costmark_projects costmark_projects;

/* Where it is. The texts live as long as the costmark_projects. */
typedef struct costmark_projects_place {
  size_t struct_size;
  costmark_str base_url; /* without the path of the API */
  costmark_str region;   /* absent where it is not known */
  costmark_project_plane plane;
  uint32_t reserved;
} costmark_projects_place;

#define COSTMARK_PROJECTS_PLACE_INIT \
  {sizeof(costmark_projects_place), COSTMARK_STR_INIT, COSTMARK_STR_INIT, 0, 0}

/* A project as the service shows it. Lives as long as the list that it is in. */
typedef struct costmark_project {
  size_t struct_size;
  costmark_str id;
  costmark_str arn;
  costmark_str name;           /* not unique */
  costmark_str status;         /* "active", "archived" */
  costmark_str data_retention; /* "inherit", "none", ...; absent where it is not known */
  costmark_str account;        /* of the ARN */
  costmark_str region;         /* of the ARN */
  const costmark_label *tags;  /* NULL with 0: none, or not known */
  size_t tag_count;
  int64_t created_unix_s;  /* in seconds since 1970 UTC; 0: not known */
  int64_t archived_unix_s; /* 0: it is not archived, or not known */
  costmark_project_plane plane;
  uint32_t knows_tags; /* 0: the answer does not say; costmark_projects_read_tags() asks */
} costmark_project;

#define COSTMARK_PROJECT_INIT \
  {sizeof(costmark_project),  \
   COSTMARK_STR_INIT,         \
   COSTMARK_STR_INIT,         \
   COSTMARK_STR_INIT,         \
   COSTMARK_STR_INIT,         \
   COSTMARK_STR_INIT,         \
   COSTMARK_STR_INIT,         \
   COSTMARK_STR_INIT,         \
   NULL,                      \
   0,                         \
   0,                         \
   0,                         \
   0,                         \
   0}

/* What a project is to have. */
typedef struct costmark_project_change {
  size_t struct_size;
  costmark_str name;           /* create: required. update: absent where it stays. */
  costmark_str data_retention; /* Optional: "inherit", "none", "default", ... */
  const costmark_label *tags;  /* create alone. NULL with 0: none. */
  size_t tag_count;
} costmark_project_change;

#define COSTMARK_PROJECT_CHANGE_INIT \
  {sizeof(costmark_project_change), COSTMARK_STR_INIT, COSTMARK_STR_INIT, NULL, 0}

/* Projects that a call returned: one, or all of an account. Immutable, share freely. */
typedef struct costmark_project_list costmark_project_list;

/*
 * Opens the Projects API that belongs to a configuration. Sends nothing.
 *
 * config: its credentials, callbacks and options; it may be ended afterwards. Option base_url names
 *     the host, else it is AWS's own for the region.
 * plane: AUTO: bedrock for a bedrock-runtime host or with option endpoint=runtime, else mantle.
 *
 * Statuses of costmark_client_new().
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_projects_new(
    const costmark_config *config, costmark_project_plane plane, costmark_projects **out_projects,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Ends it; no call of another thread may be inside. */
COSTMARK_EXPORT void costmark_projects_free(costmark_projects *projects) COSTMARK_NOEXCEPT;

/* Shows where it is. out_place: its struct_size set by the caller. */
COSTMARK_EXPORT void costmark_projects_read_place(
    const costmark_projects *projects, costmark_projects_place *out_place) COSTMARK_NOEXCEPT;

/*
 * Makes a project, one more with each call: names are not unique. It is tried again when the
 * service throttles, and not when it fails: whether the project was made is not known then.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_projects_create(const costmark_projects *projects, const costmark_project_change *project,
                         const costmark_wait *wait, costmark_project_list **out_list,
                         costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Reads a project. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_projects_get(const costmark_projects *projects, const char *project, size_t project_len,
                      const costmark_wait *wait, costmark_project_list **out_list,
                      costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Reads all projects, in the order of the service. One that repeats a page is COSTMARK_SERVICE.
 *
 * with_archived: 1: archived ones, too; else 0.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_projects_list(
    const costmark_projects *projects, uint32_t with_archived, const costmark_wait *wait,
    costmark_project_list **out_list, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Changes the name or the data retention of a project: exactly one of them. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_projects_update(
    const costmark_projects *projects, const char *project, size_t project_len,
    const costmark_project_change *change, const costmark_wait *wait,
    costmark_project_list **out_list, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Archives a project, which is for ever. Archiving an archived one changes nothing. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_projects_archive(
    const costmark_projects *projects, const char *project, size_t project_len,
    const costmark_wait *wait, costmark_project_list **out_list,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Reads the tags of a project: of the project in the list only `tags` and `id` are known. On the
 * bedrock plane an id costs one exchange more than an ARN, here and where tags are changed.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_projects_read_tags(
    const costmark_projects *projects, const char *project, size_t project_len,
    const costmark_wait *wait, costmark_project_list **out_list,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Adds tags, and overwrites the values of keys that the project has. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_projects_add_tags(const costmark_projects *projects, const char *project,
                           size_t project_len, const costmark_label *tags, size_t tag_count,
                           const costmark_wait *wait, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Gives a project exactly these tags; those of AWS ("aws:...") stay. It overwrites, then removes,
 * then adds. If it fails halfway, the same call finishes the work.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_projects_set_tags(const costmark_projects *projects, const char *project,
                           size_t project_len, const costmark_label *tags, size_t tag_count,
                           const costmark_wait *wait, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Takes tags off a project; keys that it does not have are no error. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_projects_remove_tags(
    const costmark_projects *projects, const char *project, size_t project_len,
    const costmark_str *keys, size_t key_count, const costmark_wait *wait,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* How many projects a list has. */
COSTMARK_EXPORT size_t costmark_project_list_count(const costmark_project_list *list)
    COSTMARK_NOEXCEPT;

/*
 * Shows one of them.
 *
 * index: from 0 to costmark_project_list_count() - 1.
 * out_project: its struct_size set by the caller. All zero for another index.
 */
COSTMARK_EXPORT void costmark_project_list_read(const costmark_project_list *list, size_t index,
                                                costmark_project *out_project) COSTMARK_NOEXCEPT;

/* Ends a list. */
COSTMARK_EXPORT void costmark_project_list_free(costmark_project_list *list) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_PROJECTS_H */
