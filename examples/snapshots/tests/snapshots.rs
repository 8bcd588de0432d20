//! The file of the last snapshot, attacked, and the service through a start without its database.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use tempfile::TempDir;
use tower::ServiceExt;
use tower_cors::SnapshotPolicies;
use tower_cors_example_snapshots::{Database, LastKnownGood, api, health, policies, seed};

const APP: &str = "https://app.example.com";
const SHOP: &str = "https://shop.example.com";

fn texts(origins: &[&str]) -> Vec<String> {
    origins.iter().map(ToString::to_string).collect()
}

fn ago(seconds: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(seconds)
}

fn room() -> (TempDir, LastKnownGood) {
    let room = TempDir::new().expect("a temporary directory");
    let file = LastKnownGood::new(room.path().join("origins"));
    (room, file)
}

#[test]
fn a_file_returns_what_was_written_and_its_age() {
    let (_room, file) = room();
    assert!(file.load().is_err());
    for origins in [texts(&[]), texts(&[APP]), texts(&[APP, SHOP, "*", "ü"])] {
        file.save(&origins, ago(100)).unwrap();
        let (loaded, age) = file.load().unwrap();
        assert_eq!(loaded, origins);
        assert!((100..110).contains(&age.as_secs()), "{age:?}");
    }
}

#[test]
fn a_row_with_a_line_break_does_not_become_two() {
    let (_room, file) = room();
    let origins = texts(&["https://evil.example\nhttps://victim.example", APP, "x\r"]);
    file.save(&origins, ago(1)).unwrap();
    assert_eq!(file.load().unwrap().0, [APP]);
}

#[test]
fn a_file_that_is_cut_or_damaged_anywhere_is_not_used() {
    let (room, file) = room();
    let path = room.path().join("origins");
    file.save(&texts(&[APP, SHOP]), ago(1)).unwrap();
    let good = fs::read(&path).unwrap();
    for length in 0..good.len() {
        fs::write(&path, &good[..length]).unwrap();
        assert!(file.load().is_err(), "cut to {length} bytes");
    }
    for index in 0..good.len() {
        for damage in [1, 0x20, 0x80] {
            let mut damaged = good.clone();
            damaged[index] ^= damage;
            fs::write(&path, &damaged).unwrap();
            assert!(file.load().is_err(), "byte {index} ^ {damage}");
        }
    }
    fs::write(&path, [good.as_slice(), b"\nhttps://evil.example"].concat()).unwrap();
    assert!(file.load().is_err());
    fs::write(&path, &good).unwrap();
    assert!(file.load().is_ok());
}

#[test]
fn a_file_that_another_user_can_have_written_is_not_used() {
    let (room, file) = room();
    let path = room.path().join("origins");
    file.save(&texts(&[APP]), ago(1)).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    for mode in [0o620, 0o602, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(file.load().is_err(), "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    file.load().unwrap();
    // Only root can give a file away.
    if std::os::unix::fs::chown(&path, Some(1), None).is_ok()
        && rustix::process::geteuid().is_root()
    {
        assert!(file.load().is_err());
    }
}

#[test]
fn a_directory_or_a_pipe_in_the_place_of_the_file_is_an_error() {
    let (room, file) = room();
    let path = room.path().join("origins");
    fs::create_dir(&path).unwrap();
    assert!(file.load().is_err() && file.save(&texts(&[APP]), ago(1)).is_err());
    assert_eq!(
        fs::read_dir(room.path()).unwrap().count(),
        1,
        "nothing is left over"
    );
    fs::remove_dir(&path).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).unwrap();
    // It returns at once, although nobody writes.
    assert!(file.load().is_err());
}

#[test]
fn a_write_replaces_a_link_and_not_what_it_leads_to() {
    let (room, file) = room();
    let (path, other) = (room.path().join("origins"), room.path().join("other"));
    fs::write(&other, "precious").unwrap();
    symlink(&other, &path).unwrap();
    // An earlier process of the same number left a link, too.
    let new = room
        .path()
        .join(format!("origins.{}.new", std::process::id()));
    symlink(&other, new).unwrap();
    file.save(&texts(&[APP]), ago(1)).unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
    assert_eq!(file.load().unwrap().0, [APP]);
}

#[test]
fn a_file_from_the_future_is_not_used() {
    let (_room, file) = room();
    file.save(&texts(&[APP]), SystemTime::now() + Duration::from_secs(60))
        .unwrap();
    assert!(file.load().is_err());
}

async fn status(app: &Router, method: &str, uri: &str, origin: Option<&str>) -> StatusCode {
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
        request = request.header("access-control-request-method", "PUT");
    }
    let request = request.body(Body::empty()).expect("a request");
    let response = app.clone().oneshot(request).await;
    response.unwrap_or_else(|never| match never {}).status()
}

async fn preflight(snapshot: &SnapshotPolicies, origin: &str) -> u16 {
    status(&api(snapshot.clone()), "OPTIONS", "/", Some(origin))
        .await
        .as_u16()
}

async fn database(room: &Path) -> Database {
    let url = format!("sqlite:{}?mode=rwc", room.join("origins.db").display());
    let database = Database::new(&url).expect("a URL");
    database.create(false).await.expect("a table");
    database
}

#[tokio::test]
async fn a_replica_that_starts_while_the_database_is_away_uses_the_file() {
    let (room, file) = room();
    let database = database(room.path()).await;
    for origin in [APP, SHOP] {
        database.allow(origin).await.unwrap();
    }
    let first = policies(database.clone(), file.clone(), 1).unwrap();
    assert_eq!(
        status(&health(first.clone()), "GET", "/ready", None).await,
        503
    );
    first.refresh().await.unwrap();
    assert_eq!(
        status(&health(first.clone()), "GET", "/ready", None).await,
        200
    );
    assert_eq!(
        (preflight(&first, APP).await, preflight(&first, SHOP).await),
        (204, 204)
    );

    let away = Database::new("sqlite:/nonexistent/origins.db").unwrap();
    let second = policies(away, file.clone(), 1).unwrap();
    assert_eq!(preflight(&second, APP).await, 503);
    seed(&second, &file).await;
    assert!(second.refresh().await.is_err());
    assert_eq!(
        (
            preflight(&second, APP).await,
            preflight(&second, "https://evil.example").await
        ),
        (204, 403)
    );
    assert_eq!(
        status(&health(second.clone()), "GET", "/ready", None).await,
        200
    );
    assert_eq!(status(&health(second), "GET", "/status", None).await, 200);

    // A file that is older than Max-Age is of no use.
    file.save(&texts(&[APP]), ago(600)).unwrap();
    let third = policies(database, file.clone(), 1).unwrap();
    seed(&third, &file).await;
    assert!(!third.is_ready());
}

#[tokio::test]
async fn a_table_that_lost_its_rows_neither_revokes_the_others_nor_replaces_the_file() {
    let (room, file) = room();
    let database = database(room.path()).await;
    for origin in [APP, SHOP] {
        database.allow(origin).await.unwrap();
    }
    let snapshot = policies(database.clone(), file.clone(), 2).unwrap();
    snapshot.refresh().await.unwrap();
    database.revoke(SHOP).await.unwrap();
    let error = snapshot.refresh().await.unwrap_err().to_string();
    assert!(error.contains("at least 2 are expected"), "{error}");
    assert_eq!(preflight(&snapshot, SHOP).await, 204);
    assert_eq!(file.load().unwrap().0.len(), 2);
}

#[tokio::test]
async fn a_revoked_origin_is_rejected_after_the_next_load() {
    let (room, file) = room();
    let database = database(room.path()).await;
    for origin in [APP, SHOP] {
        database.allow(origin).await.unwrap();
    }
    let snapshot = policies(database.clone(), file, 1).unwrap();
    let fresh = tokio::spawn(snapshot.keep_fresh(tokio::time::sleep));
    let until = async |origin: &str, wanted: u16| {
        while preflight(&snapshot, origin).await != wanted {
            tokio::task::yield_now().await;
        }
    };
    until(SHOP, 204).await;
    database.revoke(SHOP).await.unwrap();
    snapshot.refresh_soon();
    until(SHOP, 403).await;
    assert_eq!(preflight(&snapshot, APP).await, 204);
    fresh.abort();
}
