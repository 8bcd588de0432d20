//! Two pages of one site, one URL, and the HTTP cache between them: what one page was allowed does not stand in the way
//! of the other, for the responses say that they vary.

use axum::Router;
use axum::routing::get;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};
use tower_cors_engine_tests::description::{self, Described};
use tower_cors_engine_tests::layers::Layers;
use tower_cors_engine_tests::{Engine, Mistake, Network, PageOrigin, Session};

/// Both are meant by the policy.
const PAGES: [PageOrigin; 2] = [
    PageOrigin::Tuple("app.shop.test", None),
    PageOrigin::Tuple("admin.shop.test", None),
];

const LAYERS: [(&str, Layers); 4] = [
    ("ours", Layers::TowerCors),
    ("tower-http", Layers::TowerHttp),
    ("hand-written", Layers::HandWritten(None)),
    ("without-vary", Layers::HandWritten(Some(Mistake::NoVary))),
];

fn routes() -> Router {
    let listed = |service: &Described| service.name == "listed-with-credentials";
    let service = description::ALL.into_iter().find(listed);
    let service = service.expect("the service is described");
    let cacheable = async || ([(CACHE_CONTROL, "public, max-age=3600")], "a monster");
    LAYERS.iter().fold(Router::new(), |routes, (name, layers)| {
        let behind = Router::new().route(&format!("/{name}/{{number}}"), get(cacheable));
        routes.merge(layers.around(&service, behind))
    })
}

/// Whether the page can read the response.
async fn reads(session: &mut Session, page: PageOrigin, url: &str) -> bool {
    let script = r#"
        try {
          return (await (await fetch(argument)).text()) === "a monster";
        } catch (error) {
          if (error instanceof TypeError) return false;
          throw error;
        }
    "#;
    session.page.visit(page).await;
    session.page.run(script, &json!(url)).await == Value::Bool(true)
}

/// For each layer, whether both pages read one URL, and whether a page reads what it loaded without CORS before.
async fn only_without_vary_a_page_is_shut_out(engine: Engine) {
    let mut session = engine.open(Network::start(routes()).await).await;
    for (name, _) in LAYERS {
        let url = format!("http://api.shop.test/{name}/1");
        let mut both = true;
        for page in PAGES {
            both &= reads(&mut session, page, &url).await;
        }

        let url = format!("http://api.shop.test/{name}/2");
        session.page.visit(PAGES[0]).await;
        let load = r#"await fetch(argument, { mode: "no-cors" })"#;
        session.page.run(load, &json!(url)).await;
        let after_load = reads(&mut session, PAGES[0], &url).await;

        let expected = name != "without-vary";
        let version = &session.version;
        assert_eq!([both, after_load], [expected; 2], "{name} in {version}");
    }
}

#[tokio::test]
async fn only_without_vary_a_page_of_chromium_is_shut_out() {
    only_without_vary_a_page_is_shut_out(Engine::Chromium).await;
}

#[tokio::test]
async fn only_without_vary_a_page_of_firefox_is_shut_out() {
    only_without_vary_a_page_is_shut_out(Engine::Firefox).await;
}

#[tokio::test]
async fn only_without_vary_a_page_of_webkit_is_shut_out() {
    only_without_vary_a_page_is_shut_out(Engine::WebKit).await;
}
