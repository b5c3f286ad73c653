// The same for the Projects API. Its calls were cancelled before they begin, so that each fails at
// the network at the latest, and none waits to try again.
#include "faults.hpp"

namespace {

using namespace faults;  // NOLINT(google-build-using-namespace)

constexpr std::string_view project =
    "arn:aws:bedrock:us-east-1:111122223333:project/proj_that_is_longer_than_a_short_string";
constexpr costmark_label tags[] = {{COSTMARK_STR("a-key-that-is-longer-than-a-short-string"),
                                    COSTMARK_STR("a value that is longer than a short string")}};

class FaultsOfProjects : public Faults {
 protected:
  void SetUp() override {
    Faults::SetUp();
    ASSERT_EQ(
        costmark_projects_new(config, COSTMARK_PROJECT_PLANE_BEDROCK, projects.out(), nullptr),
        COSTMARK_OK);
    ASSERT_EQ(costmark_cancel_new(cancel.out(), nullptr), COSTMARK_OK);
    costmark_cancel_stop(cancel);
    wait.cancel = cancel;
    change.name = str("a name that is longer than a short string");
  }

  // `ask` is given the error, and a place for the list.
  template <class Ask>
  void torture_call(Ask ask) {
    Owned<costmark_project_list> list;
    torture([&](costmark_error** error) { return ask(list.out(), error); }, COSTMARK_CANCELLED,
            [] {}, COSTMARK_TRANSPORT);
  }

  Owned<costmark_projects> projects;
  Owned<costmark_cancel> cancel;
  costmark_wait wait = COSTMARK_WAIT_INIT;
  costmark_project_change change = COSTMARK_PROJECT_CHANGE_INIT;
};

TEST_F(FaultsOfProjects, ProjectsNew) {
  Owned<costmark_projects> made;
  torture([&](costmark_error** error) {
    return costmark_projects_new(config, COSTMARK_PROJECT_PLANE_AUTO, made.out(), error);
  });
}

TEST_F(FaultsOfProjects, ProjectsCreate) {
  change.tags = tags;
  change.tag_count = 1;
  torture_call([&](costmark_project_list** list, costmark_error** error) {
    return costmark_projects_create(projects, &change, &wait, list, error);
  });
}

TEST_F(FaultsOfProjects, ProjectsGet) {
  torture_call([&](costmark_project_list** list, costmark_error** error) {
    return costmark_projects_get(projects, project.data(), project.size(), &wait, list, error);
  });
}

TEST_F(FaultsOfProjects, ProjectsList) {
  torture_call([&](costmark_project_list** list, costmark_error** error) {
    return costmark_projects_list(projects, 1, &wait, list, error);
  });
}

TEST_F(FaultsOfProjects, ProjectsUpdate) {
  torture_call([&](costmark_project_list** list, costmark_error** error) {
    return costmark_projects_update(projects, project.data(), project.size(), &change, &wait, list,
                                    error);
  });
}

TEST_F(FaultsOfProjects, ProjectsArchive) {
  torture_call([&](costmark_project_list** list, costmark_error** error) {
    return costmark_projects_archive(projects, project.data(), project.size(), &wait, list, error);
  });
}

TEST_F(FaultsOfProjects, ProjectsReadTags) {
  torture_call([&](costmark_project_list** list, costmark_error** error) {
    return costmark_projects_read_tags(projects, project.data(), project.size(), &wait, list,
                                       error);
  });
}

TEST_F(FaultsOfProjects, ProjectsAddTags) {
  torture_call([&](costmark_project_list**, costmark_error** error) {
    return costmark_projects_add_tags(projects, project.data(), project.size(), tags, 1, &wait,
                                      error);
  });
}

TEST_F(FaultsOfProjects, ProjectsSetTags) {
  torture_call([&](costmark_project_list**, costmark_error** error) {
    return costmark_projects_set_tags(projects, project.data(), project.size(), tags, 1, &wait,
                                      error);
  });
}

TEST_F(FaultsOfProjects, ProjectsRemoveTags) {
  torture_call([&](costmark_project_list**, costmark_error** error) {
    return costmark_projects_remove_tags(projects, project.data(), project.size(), &tags[0].name, 1,
                                         &wait, error);
  });
}

}  // namespace
