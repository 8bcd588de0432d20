//! Requests that pages send without asking: which of them reach the service, by way, kind of source, and engine.

use std::path::Path;

use tower_cors_engine_tests::Engine;
use tower_cors_engine_tests::attack::Attacks;

/// What becomes of each request, in every engine. A dot: the service did not run. `x`: it ran. `R`: it ran, and the page could
/// read the answer.
///
/// The first letter is without protection, the second with `Block` and without hosts, the third with `BlockUnsafe` and hosts,
/// the last with `Block` and hosts.
const TABLE: &str = "\
";

async fn only_what_the_table_has_reaches_the_service(engine: Engine) {
    let start = std::time::Instant::now();
    let attacks = Attacks::run(engine).await;
    println!("{} {:?}", attacks.version, start.elapsed());
    let table = attacks.table();
    println!("{table}");
    let sources = attacks.services.iter().map(|service| service.source);
    let sources: std::collections::BTreeSet<_> = sources.collect();
    println!("the same with each of {sources:?}");
    check_recording(engine, &attacks);
    assert_eq!(attacks.differences(), [""; 0]);
    assert!(table == TABLE, "{table}instead of\n{TABLE}");
}

/// What each engine sends is in a file, from which others can read it. To accept what it sends now, set `ACCEPT_RECORDING=1`.
fn check_recording(engine: Engine, attacks: &Attacks) {
    let name = format!("recorded/{engine}.txt").to_lowercase();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let sent = attacks.recording();
    if std::env::var_os("ACCEPT_RECORDING").is_some() {
        let version = &attacks.version;
        let text = format!("# Sent by {version}. Recorded by `tests/attacks.rs`.\n{sent}");
        std::fs::write(&file, text).expect("the recording can be written");
    }
    let recorded = std::fs::read_to_string(&file).expect("a recording");
    let rows = |text: &str| -> Vec<String> {
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        rows.map(str::to_owned).collect()
    };
    let (sent, recorded) = (rows(&sent), rows(&recorded));
    let new: Vec<_> = sent.iter().filter(|row| !recorded.contains(row)).collect();
    let gone: Vec<_> = recorded.iter().filter(|row| !sent.contains(row)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "sent: {new:#?}\ninstead of: {gone:#?}"
    );
}

#[tokio::test]
async fn only_what_the_table_has_reaches_the_service_in_chromium() {
    only_what_the_table_has_reaches_the_service(Engine::Chromium).await;
}

#[tokio::test]
async fn only_what_the_table_has_reaches_the_service_in_firefox() {
    only_what_the_table_has_reaches_the_service(Engine::Firefox).await;
}

#[tokio::test]
async fn only_what_the_table_has_reaches_the_service_in_webkit() {
    only_what_the_table_has_reaches_the_service(Engine::WebKit).await;
}
