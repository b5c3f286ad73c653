//! The Projects API, against a server that answers like either plane.
#![allow(missing_docs)]

mod support;

use costmark::{Cancel, ErrorKind, ProjectPlane, Projects};
use support::{Got, Server, answer};

const MANTLE: &str = concat!(
    r#"{"id":"proj_a","arn":"arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_a","#,
    r#""name":"my app","status":"active","created_at":1772135628,"tags":{"team":"x"},"#,
    r#""data_retention":{"mode":"inherit"}}"#
);
const BEDROCK: &str = concat!(
    r#"{"id":"proj_a","arn":"arn:aws:bedrock:us-east-1:111122223333:project/proj_a","#,
    r#""name":"my app","status":"active","createdAt":"2026-02-26T19:53:48Z"}"#
);

/// The first line and the body of a request.
fn line(got: &Got) -> String {
    let first = got.head.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
    format!("{first} {}", String::from_utf8_lossy(&got.body)).trim_end().to_owned()
}

fn opened(server: &Server, plane: ProjectPlane) -> Projects {
    server.builder().build_projects(plane).unwrap()
}

#[test]
fn a_project_shows_what_the_service_says() {
    let server = Server::start(|_, _, to| answer(to, 200, "", MANTLE));
    let projects = opened(&server, ProjectPlane::Auto);
    assert_eq!(projects.plane(), ProjectPlane::Mantle);
    assert_eq!((projects.base_url(), projects.region()), (&*server.url, Some("us-east-1")));
    let made = projects.create("my app", &[("team", "x")]).unwrap();
    assert_eq!((&*made.id, &*made.name, &*made.status), ("proj_a", "my app", "active"));
    assert_eq!((&*made.account, &*made.region), ("111122223333", "us-east-1"));
    assert_eq!(made.data_retention.as_deref(), Some("inherit"));
    assert!(made.created.is_some());
    assert!(made.archived.is_none());
    assert_eq!(made.tags, Some(vec![("team".to_owned(), "x".to_owned())]));
    let sent = r#"POST /v1/organization/projects {"name":"my app","tags":{"team":"x"}}"#;
    assert_eq!(line(&server.got()[0]), sent);
}

#[test]
fn each_operation_is_that_of_its_plane() {
    let server = Server::start(|_, got, to| {
        let listed = got.head.starts_with("POST /listTags");
        answer(to, 200, "", if listed { r#"{"tags":[{"key":"a","value":"b"}]}"# } else { BEDROCK });
    });
    let projects = opened(&server, ProjectPlane::Bedrock);
    let arn = projects.get("proj_a").unwrap().arn;
    assert_eq!(projects.get(&arn).unwrap().tags, None);
    assert_eq!(projects.tags(&arn).unwrap(), [("a".to_owned(), "b".to_owned())]);
    projects.rename("proj_a", "new").unwrap();
    projects.set_data_retention("proj_a", "none").unwrap();
    projects.add_tags(&arn, &[("c", "d")]).unwrap();
    projects.set_tags(&arn, &[("a", "b")]).unwrap();
    projects.remove_tags(&arn, &["a"]).unwrap();
    projects.archive("proj_a").unwrap();
    let got: Vec<_> = server.got().iter().map(line).collect();
    assert_eq!(got[3], r#"POST /projects/proj_a {"name":"new"}"#);
    assert_eq!(got[4], r#"POST /projects/proj_a {"dataRetention":{"mode":"none"}}"#);
    assert!(got[5].ends_with(r#","tags":[{"key":"c","value":"d"}]}"#), "{}", got[5]);
    assert!(got[6].starts_with("POST /listTagsForResource"), "{}", got[6]);
    assert!(got[7].ends_with(r#","tagKeys":["a"]}"#), "{}", got[7]);
    assert_eq!(got[8], "POST /projects/proj_a/archive");
}

#[test]
fn a_list_has_all_pages() {
    let server = Server::start(|number, _, to| {
        let more = if number == 1 { r#","nextToken":"t""# } else { "" };
        let project = BEDROCK.replace("proj_a", if number == 1 { "proj_a" } else { "proj_b" });
        answer(to, 200, "", &format!(r#"{{"projectSummaries":[{project}]{more}}}"#));
    });
    let found = opened(&server, ProjectPlane::Bedrock).list(true).unwrap();
    assert_eq!(found.iter().map(|each| &*each.id).collect::<Vec<_>>(), ["proj_a", "proj_b"]);
    assert_eq!(line(&server.got()[1]), "GET /projects?maxResults=100&nextToken=t");
}

#[test]
fn errors_say_what_can_be_done() {
    let fields = "x-amzn-errortype: ResourceNotFoundException\r\n";
    let server = Server::start(move |_, _, to| answer(to, 404, fields, "{}"));
    let projects = opened(&server, ProjectPlane::Bedrock);
    let missing = projects.get("proj_none").unwrap_err();
    assert_eq!((missing.kind(), missing.http_status()), (ErrorKind::InvalidProject, Some(404)));
    assert_eq!(projects.create("", &[]).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let reserved = projects.add_tags("proj_a", &[("aws:x", "")]).unwrap_err();
    assert_eq!(reserved.kind(), ErrorKind::InvalidArgument);
    assert_eq!(projects.archive("default").unwrap_err().kind(), ErrorKind::InvalidProject);
    assert_eq!(server.got().len(), 1);
}

#[test]
fn a_cancel_ends_calls() {
    let server = Server::start(|_, _, to| answer(to, 200, "", MANTLE));
    let cancel = Cancel::new().unwrap();
    let projects = opened(&server, ProjectPlane::Mantle).with_cancel(cancel.clone());
    projects.get("proj_a").unwrap();
    cancel.stop();
    assert_eq!(projects.get("proj_a").unwrap_err().kind(), ErrorKind::Cancelled);
}
