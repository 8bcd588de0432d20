//! The official clients in a page of another origin, in each engine.

use serde_json::{Value, json};
use tower_cors::{Allowed, CorsLayer, Policy, PolicyBuilder};
use tower_cors_engine_tests::{Engine, Network, PageOrigin, Session};
use tower_cors_mcp_tests::{Log, METADATA, Service};

use crate::npm::bundle;

const PAGE: PageOrigin = PageOrigin::Tuple("app.shop.test", None);
const STRANGER: PageOrigin = PageOrigin::Tuple("stranger.test", None);
/// A page of the server itself, which the preset does not trust, and a name of the attacker's that leads to the server.
const OWN: PageOrigin = PageOrigin::Tuple("mcp.shop.test", None);
const REBOUND: PageOrigin = PageOrigin::Tuple("rebound.test", None);

fn preset() -> PolicyBuilder {
    PolicyBuilder::mcp()
        .allow_origins([PAGE.to_string()])
        .hosts(["mcp.shop.test"])
}

fn built(builder: PolicyBuilder) -> Policy {
    builder.build().expect("the policy has no mistake")
}

fn layer(builder: PolicyBuilder) -> CorsLayer {
    CorsLayer::new(built(builder))
}

/// Runs a function of the clients in the page. Returns its `value`, or the `error` that a user reads.
async fn run(session: &Session, function: &str, argument: Value) -> Value {
    let bundle = bundle().await;
    let script = format!("{bundle}\nreturn mcp.outcome({{ use: {function:?}, ...argument }});");
    session.page.run(&script, &argument).await
}

/// What a page does with a server, and what it learns if nothing is missing.
struct Use {
    function: &'static str,
    path: &'static str,
    argument: Value,
    learned: Value,
}

impl Use {
    fn new(function: &'static str, argument: Value, learned: Value) -> Self {
        Self {
            function,
            path: "mcp",
            argument,
            learned,
        }
    }

    async fn run(&self, session: &Session, host: &str, name: &str) -> Value {
        let mut argument = self.argument.clone();
        argument["url"] = format!("http://{host}/{name}/{}", self.path).into();
        run(session, self.function, argument).await
    }
}

/// Each client with each revision that it speaks.
fn uses() -> [Use; 5] {
    let learned = |revision: &str, session: bool| {
        json!({
            "revision": revision,
            "tools": ["query", "count", "release", "change", "deploy"],
            "queried": "asked for \"monsters\"",
            "progress": [1, 2],
            "counted": "counted",
            "changed": true,
            "session": session,
        })
    };
    let client = |mode: &str, learned| Use::new("client", json!({ "mode": mode }), learned);
    let authorized = json!({ "metadata": METADATA, "queried": "asked for \"monsters\"" });
    [
        Use::new("sdk", json!({}), learned("2025-11-25", true)),
        client("legacy", learned("2025-11-25", true)),
        client("auto", learned("2026-07-28", false)),
        client("2026-07-28", learned("2026-07-28", false)),
        Use {
            path: "protected",
            ..Use::new("authorization", json!({}), authorized)
        },
    ]
}

/// Calls of a tool whose parameters have headers.
async fn parameters() -> [Use; 2] {
    let deployed = json!("deployed {\"region\":\"eu\",\"replicas\":3}");
    let headers = json!({ "Mcp-Param-Region": "eu", "Mcp-Param-Replicas": "3" });
    let bundle = json!({ "bundle": bundle().await });
    [
        Use::new("parameter", json!({ "headers": headers }), deployed.clone()),
        Use::new("parameterInWorker", bundle, deployed),
    ]
}

async fn works_and_is_protected(engine: Engine) {
    let log = Log::default();
    let routes = Service::new(&log).routes("preset", layer(preset()));
    let mut session = engine.open(Network::start(routes).await).await;
    let mut uses = Vec::from(uses());
    uses.extend(parameters().await);

    session.page.visit(PAGE).await;
    for used in &uses {
        let learned = used.run(&session, "mcp.shop.test", "preset").await;
        let expected = json!({ "value": used.learned });
        assert_eq!(learned, expected, "{engine}, {}", used.function);
        assert_ne!(log.take(), [""; 0]);
    }
    // The client does not send the headers of parameters from a page by itself, and the page reads what the server says.
    let by_itself = Use::new("parameter", json!({}), Value::Null);
    let learned = by_itself.run(&session, "mcp.shop.test", "preset").await;
    let expected = "ProtocolError: missing Mcp-Param-Region header for `region`";
    assert_eq!(learned, json!({ "error": expected }), "{engine}");
    log.take();

    // The page of another origin, the server's own page, and a page under a name that leads to the server.
    for (page, host) in [
        (STRANGER, "mcp.shop.test"),
        (OWN, "mcp.shop.test"),
        (REBOUND, "rebound.test"),
    ] {
        session.page.visit(page).await;
        for used in &uses {
            let learned = used.run(&session, host, "preset").await;
            assert!(learned["error"].is_string(), "{engine}, {page}: {learned}");
            assert_eq!(log.take(), [""; 0], "{engine}, {page} reached the server");
        }
    }
}

#[tokio::test]
async fn a_page_in_chromium_uses_the_server_and_no_other_page_reaches_it() {
    works_and_is_protected(Engine::Chromium).await;
}

#[tokio::test]
async fn a_page_in_firefox_uses_the_server_and_no_other_page_reaches_it() {
    works_and_is_protected(Engine::Firefox).await;
}

#[tokio::test]
async fn a_page_in_webkit_uses_the_server_and_no_other_page_reaches_it() {
    works_and_is_protected(Engine::WebKit).await;
}

/// The settings of the preset, except the header, the method or the exposed header `without`.
fn preset_without(without: &str) -> CorsLayer {
    let whole = built(preset());
    let methods = listed(whole.methods());
    let headers = listed(whole.headers());
    let exposed = listed(whole.exposed_headers());
    let policy = Policy::builder()
        .allow_origins([PAGE.to_string()])
        .hosts(["mcp.shop.test"])
        .enforce(whole.enforcement())
        .trust_same_origin(whole.trusts_same_origin())
        .allow_methods(methods.iter().filter(|method| *method != without))
        .allow_headers(headers.iter().filter(|name| *name != without))
        .allow_mcp_parameters(without != PARAMETERS)
        .expose_headers(
            exposed
                .iter()
                .filter(|name| format!("exposed {name}") != without),
        );
    layer(policy)
}

fn listed<T: ToString>(allowed: Allowed<'_, T>) -> Vec<String> {
    match allowed {
        Allowed::Only(listed) => listed.iter().map(ToString::to_string).collect(),
        _ => panic!("the preset lists what it allows"),
    }
}

const PARAMETERS: &str = "mcp-param-*";

/// Nothing in the preset is superfluous.
#[tokio::test]
async fn without_any_header_or_method_of_the_preset_a_client_fails() {
    let whole = built(preset());
    let mut all = listed(whole.headers());
    all.push(PARAMETERS.to_owned());
    // GET and POST need no permission.
    all.extend(
        listed(whole.methods())
            .into_iter()
            .filter(|method| method == "DELETE"),
    );
    let exposed = listed(whole.exposed_headers());
    all.extend(exposed.iter().map(|name| format!("exposed {name}")));
    assert_eq!(all.len(), 11);

    let service = Service::new(&Log::default());
    let mut routes = service.routes("all", preset_without("nothing"));
    for (number, without) in all.iter().enumerate() {
        routes = routes.merge(service.routes(&number.to_string(), preset_without(without)));
    }
    let mut session = Engine::Chromium.open(Network::start(routes).await).await;
    session.page.visit(PAGE).await;
    let mut uses = Vec::from(uses());
    uses.extend(parameters().await);
    for used in &uses {
        let outcome = used.run(&session, "mcp.shop.test", "all").await;
        assert_eq!(outcome, json!({ "value": used.learned }));
    }
    for (number, without) in all.iter().enumerate() {
        let mut failure = None;
        for used in &uses {
            let outcome = used
                .run(&session, "mcp.shop.test", &number.to_string())
                .await;
            if outcome != json!({ "value": used.learned }) {
                failure = Some(format!(
                    "{} {}: {outcome}",
                    used.function, used.argument["mode"]
                ));
                break;
            }
        }
        println!("without {without}: {failure:?}");
        assert!(failure.is_some(), "no client needs {without}");
    }
}
