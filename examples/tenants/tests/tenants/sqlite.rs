//! One process, and the SQLite that is compiled into it.

use http::header::{HOST, ORIGIN};
use http::{Method, StatusCode};
use tempfile::TempDir;

use crate::replica::Replica;
use crate::support::{APP, EVIL};

const ACME: &str = "acme.example";
const OTHER: &str = "other.example";

/// A directory for the database. A test can start the process several times.
struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }

    fn start(&self) -> Replica {
        let file = self.0.path().join("tenants.db");
        Replica::start(&format!("sqlite:{}?mode=rwc", file.display()), 600)
    }
}

#[tokio::test]
async fn an_origin_gets_what_its_tenant_allows_and_nothing_from_another() {
    let disk = Disk::new();
    let replica = disk.start();
    replica.allow(ACME, APP).await;

    let preflight = replica.preflight(ACME, APP).await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
    assert_eq!(
        preflight.cors_lines()[..4],
        [
            "access-control-allow-credentials: true",
            "access-control-allow-headers: authorization,content-type",
            "access-control-allow-methods: PUT,DELETE",
            "access-control-allow-origin: https://app.example.com",
        ]
    );
    let get = replica.get(ACME, APP).await;
    assert_eq!(get.readable_by(), Some(APP));
    assert_eq!(get.text(), "hello from acme.example\n");

    for (tenant, origin) in [(OTHER, APP), (ACME, EVIL)] {
        let preflight = replica.preflight(tenant, origin).await;
        assert_eq!(preflight.status, StatusCode::FORBIDDEN, "{tenant} {origin}");
        let get = replica.get(tenant, origin).await;
        assert_eq!(get.cors_lines(), [""; 0], "{tenant} {origin}");
    }
}

#[tokio::test]
async fn a_tenant_is_a_host_in_any_case_and_on_any_port() {
    let disk = Disk::new();
    let replica = disk.start();
    replica.allow("ACME.example", APP).await;
    for host in ["acme.example", "Acme.Example", "acme.example:8443"] {
        let get = replica.get(host, APP).await;
        assert_eq!(get.readable_by(), Some(APP), "{host}");
        assert_eq!(get.text(), "hello from acme.example\n", "{host}");
    }
    replica.revoke("acme.example:8443", APP).await;
    assert_eq!(replica.get(ACME, APP).await.readable_by(), None);
}

#[tokio::test]
async fn a_request_without_exactly_one_host_has_no_tenant() {
    let disk = Disk::new();
    let replica = disk.start();
    replica.allow(ACME, APP).await;
    let headers = [(HOST, ACME), (HOST, OTHER), (ORIGIN, APP)];
    let get = replica.api.send(Method::GET, "/", &headers).await;
    assert_eq!(get.status, StatusCode::BAD_REQUEST);
    assert_eq!(get.readable_by(), None);

    let long = "a".repeat(254);
    for tenant in ["no%20host", long.as_str()] {
        let path = format!("/tenants/{tenant}/origins/{APP}");
        let answer = replica.admin.send(Method::PUT, &path, &[]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{tenant}");
    }
}

#[tokio::test]
async fn a_revoked_origin_is_rejected_at_once_and_an_allowed_one_served_at_once() {
    let disk = Disk::new();
    let replica = disk.start();
    for _ in 0..3 {
        replica.allow(ACME, APP).await;
        let preflight = replica.preflight(ACME, APP).await;
        assert_eq!(preflight.status, StatusCode::NO_CONTENT);
        replica.revoke(ACME, APP).await;
        let preflight = replica.preflight(ACME, APP).await;
        assert_eq!(preflight.status, StatusCode::FORBIDDEN);
        assert_eq!(replica.get(ACME, APP).await.readable_by(), None);
    }
}

#[tokio::test]
async fn changes_survive_a_restart() {
    let disk = Disk::new();
    let replica = disk.start();
    replica.allow(ACME, APP).await;
    replica.allow(ACME, EVIL).await;
    replica.revoke(ACME, EVIL).await;
    drop(replica);

    let replica = disk.start();
    let allowed = replica.preflight(ACME, APP).await;
    assert_eq!(allowed.status, StatusCode::NO_CONTENT);
    let revoked = replica.preflight(ACME, EVIL).await;
    assert_eq!(revoked.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_origin_that_no_policy_may_allow_is_rejected_with_the_reason() {
    let disk = Disk::new();
    let replica = disk.start();
    for (origin, why) in [
        ("https://App.example.com", "upper-case letter"),
        (
            "http://app.example.com",
            "dangerously_allow_insecure_origin",
        ),
        ("https://*.example.com", "wildcard"),
        ("null", "allow_null_origin"),
    ] {
        let path = format!("/tenants/{ACME}/origins/{origin}");
        let answer = replica.admin.send(Method::PUT, &path, &[]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{origin}");
        assert!(answer.text().contains(why), "{origin}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_page_cannot_allow_itself() {
    let disk = Disk::new();
    let replica = disk.start();
    let path = format!("/tenants/{ACME}/origins/{EVIL}");
    let headers = [(ORIGIN, EVIL)];
    let answer = replica.admin.send(Method::PUT, &path, &headers).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let preflight = replica.preflight(ACME, EVIL).await;
    assert_eq!(preflight.status, StatusCode::FORBIDDEN);
}
