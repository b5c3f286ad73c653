/* The Projects API over the C ABI, against a server that answers like either plane. */
#include "check.h"
#include "server.h"

#define MANTLE_ARN "arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_a"
#define BEDROCK_ARN "arn:aws:bedrock:us-east-1:111122223333:project/proj_a"

static const char mantle_project[] =
    "{\"id\":\"proj_a\",\"arn\":\"" MANTLE_ARN
    "\",\"name\":\"my app\",\"status\":\"active\",\"created_at\":1772135628,"
    "\"tags\":{\"team\":\"x\",\"env\":\"\"},\"data_retention\":{\"mode\":\"inherit\"}}";
static const char mantle_list[] =
    "{\"data\":[{\"id\":\"default\",\"arn\":\"\",\"name\":\"default\",\"status\":\"active\","
    "\"tags\":{}},"
    "{\"id\":\"proj_b\",\"arn\":\"\",\"name\":\"b\",\"status\":\"archived\",\"archived_at\":9,"
    "\"tags\":{}}],\"has_more\":false}";
static const char bedrock_project[] =
    "{\"id\":\"proj_a\",\"arn\":\"" BEDROCK_ARN
    "\",\"name\":\"my app\",\"status\":\"active\",\"createdAt\":\"2026-02-26T19:53:48Z\","
    "\"dataRetention\":{\"mode\":\"none\"}}";

/* The last write that came. */
static char written[512];

static bool answer(void *user_data, const server_request *request, int connection) {
  const char *body = "{}";
  (void)user_data;
  if (request->body_len > 0 && request->body_len < sizeof written) {
    memcpy(written, request->body, request->body_len + 1);
  }
  if (strstr(request->target, "proj_none") != NULL) {
    return server_answer(connection, 404, "application/json",
                         "x-amzn-errortype: ResourceNotFoundException\r\n"
                         "x-amzn-requestid: req-1\r\n",
                         "{\"message\":\"no\"}");
  }
  if (strcmp(request->target, "/v1/organization/projects") == 0 &&
      strcmp(request->method, "GET") == 0) {
    body = mantle_list;
  } else if (strncmp(request->target, "/v1/", 4) == 0) {
    body = strstr(request->target, "include_archived") != NULL ? mantle_list : mantle_project;
  } else if (strncmp(request->target, "/projects", 9) == 0) {
    body = bedrock_project;
  } else if (strcmp(request->target, "/listTagsForResource") == 0) {
    body = "{\"tags\":[{\"key\":\"team\",\"value\":\"x\"}]}";
  }
  return server_answer(connection, 200, "application/json", "", body);
}

static costmark_projects *projects_at(server *peer, costmark_project_plane plane) {
  costmark_projects *projects = NULL;
  costmark_config *config;
  char url[100];
  const char *options[] = {"base_url", NULL, "auth", "sigv4", NULL};
  options[1] = server_url(peer, "/v1", url);
  config = config_with(options);
  CHECK_OK(costmark_projects_new(config, plane, &projects, &error));
  costmark_config_free(config);
  return projects;
}

static costmark_project only(costmark_project_list *list) {
  costmark_project project = COSTMARK_PROJECT_INIT;
  CHECK(costmark_project_list_count(list) == 1);
  costmark_project_list_read(list, 0, &project);
  return project;
}

static void a_project_shows_what_the_service_says(server *peer) {
  costmark_projects *projects = projects_at(peer, COSTMARK_PROJECT_PLANE_MANTLE);
  costmark_project_list *list = NULL;
  costmark_project project;
  CHECK_OK(costmark_projects_get(projects, "proj_a", 6, NULL, &list, &error));
  project = only(list);
  CHECK(equal(project.id, "proj_a") && equal(project.arn, MANTLE_ARN));
  CHECK(equal(project.name, "my app") && equal(project.status, "active"));
  CHECK(equal(project.data_retention, "inherit") && equal(project.account, "111122223333"));
  CHECK(equal(project.region, "us-east-1") && project.plane == COSTMARK_PROJECT_PLANE_MANTLE);
  CHECK(project.created_unix_s == 1772135628 && project.archived_unix_s == 0);
  CHECK(project.knows_tags == 1 && project.tag_count == 2);
  CHECK(equal(project.tags[0].name, "team") && equal(project.tags[0].value, "x"));
  CHECK(equal(project.tags[1].name, "env") && project.tags[1].value.len == 0);
  costmark_project_list_read(list, 1, &project);
  CHECK(shows_nothing(&project, sizeof project));
  costmark_project_list_free(list);
  costmark_projects_free(projects);
}

static void each_operation_is_written_as_its_plane_has_it(server *peer,
                                                          costmark_project_plane plane) {
  const bool mantle = plane == COSTMARK_PROJECT_PLANE_MANTLE;
  const char *arn = mantle ? MANTLE_ARN : BEDROCK_ARN;
  const costmark_label tags[] = {{COSTMARK_STR("team"), COSTMARK_STR("y")}};
  const costmark_str keys[] = {COSTMARK_STR("team")};
  costmark_projects *projects = projects_at(peer, plane);
  costmark_project_change change = COSTMARK_PROJECT_CHANGE_INIT;
  costmark_project_list *list = NULL;
  change.name = str("my app");
  change.tags = tags;
  change.tag_count = 1;
  CHECK_OK(costmark_projects_create(projects, &change, NULL, &list, &error));
  CHECK(strcmp(written, mantle ? "{\"name\":\"my app\",\"tags\":{\"team\":\"y\"}}"
                               : "{\"name\":\"my app\",\"tags\":[{\"key\":\"team\",\"value\":"
                                 "\"y\"}]}") == 0);
  CHECK(only(list).plane == plane && only(list).knows_tags == 1);
  costmark_project_list_free(list);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_projects_update(projects, "proj_a", 6, &change, NULL, &list, &error));
  CHECK(list == NULL);
  change.tags = NULL;
  change.tag_count = 0;
  CHECK_OK(costmark_projects_update(projects, "proj_a", 6, &change, NULL, &list, &error));
  CHECK(strcmp(written, "{\"name\":\"my app\"}") == 0);
  costmark_project_list_free(list);
  CHECK_OK(costmark_projects_read_tags(projects, arn, strlen(arn), NULL, &list, &error));
  CHECK(only(list).tag_count >= 1 && equal(only(list).tags[0].value, "x"));
  costmark_project_list_free(list);
  CHECK_OK(costmark_projects_add_tags(projects, arn, strlen(arn), tags, 1, NULL, &error));
  CHECK(strstr(written, mantle ? "\"add_tags\":{\"team\":\"y\"}" : "\"tags\":[{\"key\"") != NULL);
  CHECK_OK(costmark_projects_set_tags(projects, arn, strlen(arn), tags, 1, NULL, &error));
  CHECK_OK(costmark_projects_remove_tags(projects, arn, strlen(arn), keys, 1, NULL, &error));
  CHECK(strstr(written, mantle ? "\"remove_tag_keys\":[\"team\"]" : "\"tagKeys\":[\"team\"]") !=
        NULL);
  CHECK_OK(costmark_projects_archive(projects, "proj_a", 6, NULL, &list, &error));
  costmark_project_list_free(list);
  costmark_projects_free(projects);
}

static void a_list_has_all_of_them(server *peer) {
  costmark_projects *projects = projects_at(peer, COSTMARK_PROJECT_PLANE_AUTO);
  costmark_projects_place place = COSTMARK_PROJECTS_PLACE_INIT;
  costmark_project project = COSTMARK_PROJECT_INIT;
  costmark_project_list *list = NULL;
  costmark_projects_read_place(projects, &place);
  CHECK(place.plane == COSTMARK_PROJECT_PLANE_MANTLE && equal(place.region, "us-east-1"));
  CHECK_OK(costmark_projects_list(projects, 0, NULL, &list, &error));
  CHECK(costmark_project_list_count(list) == 1);
  costmark_project_list_free(list);
  CHECK_OK(costmark_projects_list(projects, 1, NULL, &list, &error));
  CHECK(costmark_project_list_count(list) == 2);
  costmark_project_list_read(list, 1, &project);
  CHECK(equal(project.id, "proj_b") && project.archived_unix_s == 9);
  CHECK(project.knows_tags == 1 && project.tags == NULL && project.tag_count == 0);
  costmark_project_list_free(list);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_projects_list(projects, 2, NULL, &list, &error));
  costmark_projects_free(projects);
}

static void errors_have_their_statuses(server *peer) {
  costmark_projects *projects = projects_at(peer, COSTMARK_PROJECT_PLANE_BEDROCK);
  costmark_project_change change = COSTMARK_PROJECT_CHANGE_INIT;
  costmark_wait wait = COSTMARK_WAIT_INIT;
  costmark_project_list *list = NULL;
  costmark_error *why = NULL;
  CHECK(costmark_projects_get(projects, "proj_none", 9, NULL, &list, &why) ==
        COSTMARK_INVALID_PROJECT);
  CHECK(view_of(why).http_status == 404 && equal(view_of(why).request_id, "req-1"));
  costmark_error_free(why);
  CHECK_FAILS(COSTMARK_INVALID_PROJECT,
              costmark_projects_get(projects, MANTLE_ARN, strlen(MANTLE_ARN), NULL, &list, &error));
  CHECK_FAILS(COSTMARK_INVALID_PROJECT,
              costmark_projects_archive(projects, "default", 7, NULL, &list, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_projects_create(projects, NULL, NULL, &list, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_projects_create(projects, &change, NULL, &list, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_projects_get(NULL, "proj_a", 6, NULL, &list, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_projects_remove_tags(projects, "proj_a", 6, NULL, 1, NULL, &error));
  wait.no_wait = 1;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_projects_get(projects, "proj_a", 6, &wait, &list, &error));
  wait.no_wait = 0;
  CHECK(costmark_cancel_new(&wait.cancel, NULL) == COSTMARK_OK);
  costmark_cancel_stop(wait.cancel);
  CHECK_FAILS(COSTMARK_CANCELLED,
              costmark_projects_get(projects, "proj_a", 6, &wait, &list, &error));
  costmark_cancel_release(wait.cancel);
  CHECK(list == NULL && costmark_project_list_count(NULL) == 0);
  costmark_project_list_free(NULL);
  costmark_projects_free(projects);
  costmark_projects_free(NULL);
}

static void a_plane_is_one_of_three(void) {
  costmark_config *config = config_with(NULL);
  costmark_projects *projects = NULL;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_projects_new(config, 3, &projects, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_projects_new(NULL, 0, &projects, &error));
  CHECK(projects == NULL);
  costmark_config_free(config);
}

void test_projects(void) {
  server *peer = server_start(answer, NULL);
  CHECK(peer != NULL);
  if (peer == NULL) return;
  a_project_shows_what_the_service_says(peer);
  each_operation_is_written_as_its_plane_has_it(peer, COSTMARK_PROJECT_PLANE_MANTLE);
  each_operation_is_written_as_its_plane_has_it(peer, COSTMARK_PROJECT_PLANE_BEDROCK);
  a_list_has_all_of_them(peer);
  errors_have_their_statuses(peer);
  a_plane_is_one_of_three();
  server_stop(peer);
}
