//! Requests that pages send without asking: which of them reach the service, by way, kind of source, and engine.

use std::path::Path;

use axum::Router;
use axum::routing::{any, get};
use serde_json::json;
use tower_cors::{CorsLayer, Enforcement, Policy};
use tower_cors_engine_tests::attack::Attacks;
use tower_cors_engine_tests::{Engine, Network};

/// What becomes of each request, in every engine. A dot: the service did not run. `x`: it ran. `R`: it ran, and the page could
/// read the answer.
///
/// The first letter is without protection, the second with `Block` and without hosts, the third with `BlockUnsafe` and hosts,
/// the last with `Block` and hosts.
const TABLE: &str = "
                                 | rebound           | cross-site        | cross-site-remote | same-site         | own               | own-remote        | listed
fetch GET                        | RR..              | x.x.              | x.x.              | x.x.              | RRRR              | RRRR              | RRRR
fetch POST                       | RR..              | x...              | x...              | x...              | RRRR              | RRRR              | RRRR
fetch JSON                       | RR..              | ....              | ....              | ....              | RRRR              | RRRR              | RRRR
no-cors GET                      | RR..              | x.x.              | xxxx              | x.x.              | RRRR              | RRRR              | x.x.
no-cors POST                     | RR..              | x...              | x...              | x...              | RRRR              | RRRR              | xxxx
image                            | RR..              | x.x.              | xxxx              | x.x.              | RRRR              | RRRR              | x.x.
image with crossorigin           | RR..              | x.x.              | x.x.              | x.x.              | RRRR              | RRRR              | RRRR
script                           | RR..              | R.R.              | RRRR              | R.R.              | RRRR              | RRRR              | R.R.
style                            | RR..              | R.R.              | RRRR              | R.R.              | RRRR              | RRRR              | R.R.
frame                            | RR..              | x.x.              | xxxx              | x.x.              | RRRR              | RRRR              | x.x.
object                           | RR..              | x.x.              | xxxx              | x.x.              | RRRR              | RRRR              | x.x.
form POST in a frame             | RR..              | x...              | x...              | x...              | RRRR              | RRRR              | xxxx
form GET in a frame              | RR..              | x.x.              | xxxx              | x.x.              | RRRR              | RRRR              | x.x.
form without referrer in a frame | R...              | x...              | x...              | x...              | RRRR              | R...              | x...
EventSource                      | RR..              | x.x.              | x.x.              | x.x.              | RRRR              | RRRR              | RRRR
WebSocket                        | RR..              | R...              | R...              | R...              | RRRR              | RRRR              | RRRR
redirected image                 | RR..              | x.x.              | xxxx              | x.x.              | RRRR              | RRRR              | x.x.
redirected POST                  | RR..              | x...              | x...              | x...              | RRRR              | RRRR              | x...
POST of a sandboxed frame        | x...              | x...              | x...              | x...              | x...              | x...              | x...
beacon                           | xx..              | x...              | x...              | x...              | xxxx              | xxxx              | xxxx
link                             | xx..              | xxxx              | xxxx              | xxxx              | xxxx              | xxxx              | xxxx
form                             | xx..              | x...              | x...              | x...              | xxxx              | xxxx              | xxxx
form without referrer            | x...              | x...              | x...              | x...              | xxxx              | x...              | x...
";

/// The row that differs in Firefox and WebKit: they keep the origin when a `no-cors` request is redirected.
const REDIRECTED_POST: [&str; 2] = [
    "redirected POST                  | RR..              | x...              | x...              | x...              | RRRR              | RRRR              | x...\n",
    "redirected POST                  | RR..              | x...              | x...              | x...              | RRRR              | RRRR              | xxxx\n",
];

async fn only_what_the_table_has_reaches_the_service(engine: Engine) {
    let start = std::time::Instant::now();
    let attacks = Attacks::run(engine).await;
    println!("{} {:?}", attacks.version, start.elapsed());
    let table = format!("\n{}", attacks.table());
    println!("{table}");
    let sources = attacks.services.iter().map(|service| service.source);
    let sources: std::collections::BTreeSet<_> = sources.collect();
    println!("the same with each of {sources:?}");
    check_recording(engine, &attacks);
    assert_eq!(attacks.differences(), [""; 0]);
    let [chromium, others] = REDIRECTED_POST;
    let expected = match engine {
        Engine::Chromium => TABLE.to_owned(),
        Engine::Firefox | Engine::WebKit => TABLE.replace(chromium, others),
    };
    assert!(table == expected, "{table}instead of\n{expected}");
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

/// The page is loaded from the attacker's own server, and its name then gets the address of the service. The other tests load
/// the page from the service's address, because the layer sees the same requests.
#[tokio::test]
async fn a_name_that_changes_its_address_while_a_page_is_open_reaches_no_service_with_hosts_in_firefox()
 {
    let policy = |hosts: bool| {
        let policy = Policy::builder().allow_origins(["https://app.example.com"]);
        let policy = policy.enforce(Enforcement::Block);
        let policy = if hosts { policy.local_hosts() } else { policy };
        CorsLayer::new(policy.build().expect("the policy has no mistake"))
    };
    let secret = || any(async || "a monster");
    let site = Router::new()
        .route("/without-hosts", secret().layer(policy(false)))
        .route("/with-hosts", secret().layer(policy(true)))
        .route("/who", get(async || "the service"));
    let attacker = Router::new().route("/who", get(async || "the attacker"));
    let network = Network::start_rebinding(attacker, site).await;
    let session = Engine::Firefox.open(network).await;
    let who = "return await (await fetch('/who', {cache: 'no-store'})).text()";
    assert_eq!(session.page.run(who, &json!(null)).await, "the attacker");
    session.rebind();
    let is_rebound = "
        for (;;) {
            const who = await fetch('/who', {cache: 'no-store'}).then((answer) => answer.text(), String);
            if (who === 'the service') return who;
            await new Promise((resolve) => setTimeout(resolve, 100));
        }";
    assert_eq!(
        session.page.run(is_rebound, &json!(null)).await,
        "the service"
    );
    let attack = "
        const answers = [];
        for (const path of ['/without-hosts', '/with-hosts']) for (const method of ['GET', 'POST', 'PUT']) {
            const answer = await fetch(path, {method, cache: 'no-store'});
            answers.push([answer.status, await answer.text()]);
        }
        return answers";
    let answers = session.page.run(attack, &json!(null)).await;
    let (read, stopped) = (json!([200, "a monster"]), json!([421, ""]));
    let expected = [&read, &read, &read, &stopped, &stopped, &stopped];
    assert_eq!(answers, json!(expected));
}
