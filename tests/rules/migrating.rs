//! What `docs/migrating.md` says: each row of its table is compiled here as it stands there, and the same requests of pages
//! go through tower-http's layer and through ours. Each difference has a name.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use http::header::{self, ORIGIN};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use tower::{Layer, Service, ServiceExt};
use tower_cors::{CorsLayer, OriginPattern, Policy, PolicyBuilder};
use tower_http::cors::{
    self as peer, AllowCredentials, AllowHeaders, AllowMethods, AllowOrigin, Any, ExposeHeaders,
};

use crate::support::{APP, EVIL, get, preflight, request};

const GUIDE: &str = include_str!("../../docs/migrating.md");

#[derive(Clone)]
struct Inner;

impl Service<Request<()>> for Inner {
    type Response = Response<&'static str>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new("served")))
    }
}

/// The status, whether the service ran, and the headers that CORS is about.
fn answer(
    layer: &impl Layer<Inner, Service: Service<Request<()>, Response = Response<&'static str>>>,
    request: Request<()>,
) -> Vec<(String, String)> {
    let answered = layer.layer(Inner).call(request).now_or_never();
    let Some(Ok(response)) = answered else {
        unreachable!("nothing waits or fails")
    };
    let mut facts = vec![
        ("status".to_owned(), response.status().as_str().to_owned()),
        (
            "served".to_owned(),
            (*response.body() == "served").to_string(),
        ),
    ];
    let names = [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-expose-headers",
        "access-control-max-age",
        "access-control-allow-private-network",
        "vary",
    ];
    for name in names {
        let values = response.headers().get_all(name).iter();
        let values: Vec<&str> = values.map(|value| value.to_str().unwrap()).collect();
        let mut items: Vec<String> = values
            .iter()
            .flat_map(|value| value.split(','))
            .map(|item| item.trim().to_ascii_lowercase())
            .collect();
        items.sort();
        facts.push((name.to_owned(), items.join(",")));
    }
    facts
}

/// What pages send.
fn requests() -> Vec<(&'static str, Request<()>)> {
    let mut private = preflight(APP, "PUT", "content-type");
    private.headers_mut().insert(
        "access-control-request-private-network",
        HeaderValue::from_static("true"),
    );
    vec![
        ("GET", get(APP)),
        ("preflight", preflight(APP, "PUT", "content-type")),
        ("preflight of a local network", private),
        ("GET of another origin", get(EVIL)),
        (
            "preflight of another origin",
            preflight(EVIL, "PUT", "content-type"),
        ),
        ("GET of a sandboxed frame", get("null")),
        ("GET without Origin", request(Method::GET, &[])),
        ("OPTIONS", request(Method::OPTIONS, &[(ORIGIN, APP)])),
    ]
}

/// The names of the differences that the guide lists for every layer, under "What changes".
fn everywhere(request: &str, fact: &str, theirs: &str, ours: &str) -> Option<&'static str> {
    let is_rejected = request.contains("another origin") || request.contains("sandboxed");
    let rejected = ours.is_empty() && is_rejected;
    match (request, fact, theirs, ours) {
        ("OPTIONS", ..) => {
            Some("An OPTIONS request that is no preflight reaches your application.")
        }
        (_, "status", "200", "204") => Some("Preflights are answered with 204."),
        (_, "status", "200", "403") => {
            Some("The preflight of a rejected origin is answered with 403.")
        }
        (_, "vary", ..) if ours.split(',').all(|name| theirs.contains(name)) => {
            Some("`Vary` names only what the answer depends on.")
        }
        (_, "access-control-expose-headers", _, "") if request.contains("preflight") => {
            Some("`Access-Control-Expose-Headers` is sent on responses only.")
        }
        (_, "access-control-allow-headers", "*", "*,authorization") => {
            Some("Any header is `*, authorization`.")
        }
        ("GET without Origin", _, _, "") => {
            Some("A request without `Origin` gets no list and no origin.")
        }
        (_, fact, _, "") if rejected && fact != "access-control-allow-origin" => {
            Some("A rejected origin gets no `Access-Control-*` header.")
        }
        _ => None,
    }
}

fn differences(theirs: peer::CorsLayer, ours: &CorsLayer) -> Vec<String> {
    let mut found = Vec::new();
    for (name, request) in requests() {
        let pairs = answer(&theirs, request.clone())
            .into_iter()
            .zip(answer(ours, request));
        for ((fact, theirs), (_, ours)) in pairs {
            if theirs == ours {
                continue;
            }
            match everywhere(name, &fact, &theirs, &ours) {
                Some(line) => assert!(GUIDE.contains(line), "not in the guide: {line}"),
                None => found.push(format!("{name}: {fact}: {theirs} -> {ours}")),
            }
        }
    }
    found
}

/// Removes what rustfmt and the compiler change in code.
fn normal(code: &str) -> String {
    code.replace([' ', '\n'], "")
        .replace(",)", ")")
        .replace(",]", "]")
}

struct Row {
    before: &'static str,
    after: &'static str,
    theirs: peer::CorsLayer,
    ours: CorsLayer,
    differences: &'static [&'static str],
}

/// A row whose cells are calls of the two builders. The other settings of the builders stand before `;`.
macro_rules! row {
    ({$($start:tt)*} $($before:tt)*) => {
        row!(@ [$($start)*] [] $($before)*)
    };
    (@ [$($start:tt)*] [$($before:tt)*] => {$($begin:tt)*} [$($after:tt)*] $differences:expr) => {
        Row {
            before: stringify!($($before)*),
            after: stringify!($($after)*),
            theirs: peer::CorsLayer::new() $($start)* $($before)*,
            ours: CorsLayer::new((Policy::builder() $($begin)* $($after)*).build().unwrap()),
            differences: $differences,
        }
    };
    (@ $start:tt [$($before:tt)*] $next:tt $($rest:tt)*) => {
        row!(@ $start [$($before)* $next] $($rest)*)
    };
}

fn rows() -> Vec<Row> {
    let app = HeaderValue::from_static(APP);
    vec![
        row!({} .allow_origin(Any) => {} [.allow_any_origin()] &[]),
        row!({} .allow_origin(["https://app.example.com".parse::<HeaderValue>().unwrap()])
            => {} [.allow_origins(["https://app.example.com"])] &[]),
        row!({} .allow_origin(AllowOrigin::exact(app.clone())) => {} [.allow_origin_values([app.clone()])] &[
            // Theirs answers every origin with the exact one, which browsers reject.
            "GET: vary:  -> origin",
            "preflight: vary:  -> origin",
            "preflight of a local network: vary:  -> origin",
            "GET of another origin: access-control-allow-origin: https://app.example.com -> ",
            "GET of another origin: vary:  -> origin",
            "preflight of another origin: access-control-allow-origin: https://app.example.com -> ",
            "preflight of another origin: vary:  -> origin",
            "GET of a sandboxed frame: access-control-allow-origin: https://app.example.com -> ",
            "GET of a sandboxed frame: vary:  -> origin",
            "GET without Origin: vary:  -> origin",
        ]),
        row!({} .allow_origin(vec![app.clone()]) => {} [.allow_origin_values(vec![app.clone()])] &[]),
        row!({} .allow_origin(AllowOrigin::predicate(|origin, _| origin.as_bytes().ends_with(b".example.com")))
            => {} [.allow_origin("https://*.example.com")] &[]),
        row!({} .allow_origin(AllowOrigin::predicate(|origin, _| origin == "https://app.example.com"))
            => {} [.allow_origins_where(|origin| origin.as_str() == "https://app.example.com")] &[]),
        row!({} .allow_origin(AllowOrigin::predicate(|_, _| false)) => {} [.allow_no_origin()] &[]),
        row!({} .allow_origin(AllowOrigin::list([])) => {} [.allow_no_origin()] &[]),
        row!({} .allow_origin(AllowOrigin::mirror_request()).allow_credentials(true)
            => {} [.dangerously_allow_any_origin_with_credentials()] &[
            "GET of a sandboxed frame: access-control-allow-origin: null -> ",
        ]),
        row!({.allow_origin([app.clone()])} .allow_methods(Any) => {.allow_origin(APP)} [.allow_any_method()] &[]),
        row!({.allow_origin([app.clone()])} .allow_methods(AllowMethods::mirror_request())
            => {.allow_origin(APP)} [.allow_any_method()] &[
            "preflight: access-control-allow-methods: put -> *",
            "preflight of a local network: access-control-allow-methods: put -> *",
        ]),
        row!({.allow_origin([app.clone()])} .allow_methods([Method::GET, Method::PUT])
            => {.allow_origin(APP)} [.allow_methods([Method::GET, Method::PUT])] &[]),
        row!({.allow_origin([app.clone()])} .allow_methods(Method::PUT)
            => {.allow_origin(APP)} [.allow_method(Method::PUT)] &[]),
        row!({.allow_origin([app.clone()])} .allow_headers(Any) => {.allow_origin(APP)} [.allow_any_header()] &[]),
        row!({.allow_origin([app.clone()])} .allow_headers(AllowHeaders::mirror_request())
            => {.allow_origin(APP)} [.allow_any_header()] &[
            "preflight: access-control-allow-headers: content-type -> *,authorization",
            "preflight of a local network: access-control-allow-headers: content-type -> *,authorization",
        ]),
        row!({.allow_origin([app.clone()])} .allow_headers([header::CONTENT_TYPE])
            => {.allow_origin(APP)} [.allow_headers([header::CONTENT_TYPE])] &[]),
        row!({.allow_origin([app.clone()])} .expose_headers(Any) => {.allow_origin(APP)} [.expose_any_header()] &[]),
        row!({.allow_origin([app.clone()])} .expose_headers(ExposeHeaders::list([header::ETAG]))
            => {.allow_origin(APP)} [.expose_headers([header::ETAG])] &[]),
        row!({.allow_origin([app.clone()])} .allow_credentials(true)
            => {.allow_origin(APP)} [.allow_credentials(true)] &[]),
        row!({.allow_origin([app.clone()])} .allow_credentials(AllowCredentials::yes())
            => {.allow_origin(APP)} [.allow_credentials(true)] &[]),
        row!({.allow_origin([app.clone()])} .max_age(Duration::from_secs(600))
            => {.allow_origin(APP)} [.max_age(Duration::from_secs(600))] &[]),
        row!({.allow_origin([app.clone()])} .allow_private_network(true)
            => {.allow_origin(APP)} [.allow_private_network(true)] &[
            "preflight: vary: origin -> access-control-request-private-network,origin",
            "preflight of a local network: vary: origin -> access-control-request-private-network,origin",
        ]),
    ]
}

#[test]
fn each_row_of_the_guide_is_compiled_and_has_the_differences_that_it_names() {
    let listed: Vec<(String, String)> = GUIDE
        .lines()
        .filter(|line| line.starts_with("| `."))
        .map(|line| {
            let mut cells = line.trim_matches('|').split(" | ");
            let mut cell = || {
                let code = cells.next().unwrap_or_default().trim();
                normal(code.trim_matches('`').trim()).replace("\\|", "|")
            };
            (cell(), cell())
        })
        .collect();
    let mut compiled = Vec::new();
    for row in rows() {
        let found = differences(row.theirs, &row.ours);
        assert_eq!(found, row.differences, "{}", row.before);
        compiled.push((normal(row.before), normal(row.after)));
    }
    assert_eq!(listed, compiled);
}

/// Layers that are no single call.
#[test]
fn whole_layers_have_the_differences_that_the_guide_names() {
    let built = |builder: PolicyBuilder| CorsLayer::new(builder.build().unwrap());
    let none: [&str; 0] = [];
    assert_eq!(
        differences(peer::CorsLayer::permissive(), &CorsLayer::permissive()),
        none
    );
    assert_eq!(
        differences(peer::CorsLayer::new(), &CorsLayer::new(Policy::nobody())),
        none
    );
    let narrowed = peer::CorsLayer::permissive().allow_methods([Method::GET]);
    let ours = PolicyBuilder::public().allow_methods([Method::GET]);
    assert_eq!(differences(narrowed, &built(ours)), none);

    let very = Policy::builder()
        .dangerously_allow_any_origin_with_credentials()
        .allow_any_method()
        .allow_any_header();
    assert_eq!(
        differences(peer::CorsLayer::very_permissive(), &built(very)),
        ["GET of a sandboxed frame: access-control-allow-origin: null -> "]
    );
}

#[test]
fn a_status_of_200_comes_back_by_a_setting() {
    let policy = Policy::builder()
        .allow_origin(APP)
        .preflight_status(StatusCode::OK);
    let layer = CorsLayer::new(policy.build().unwrap());
    let answered = answer(&layer, preflight(APP, "PUT", ""));
    assert_eq!(answered[0].1, "200");
}

#[test]
fn a_star_in_the_text_of_a_configuration_becomes_a_wildcard() {
    let configured = HeaderValue::from_static("http://localhost:*");
    let theirs = peer::CorsLayer::new().allow_origin([configured.clone()]);
    let ours = Policy::builder().allow_origin_values([configured]);
    let ours = CorsLayer::new(ours.build().unwrap());
    let page = || get("http://localhost:3000");
    assert_eq!(answer(&theirs, page())[2].1, "");
    assert_eq!(answer(&ours, page())[2].1, "http://localhost:3000");
}

/// The rows of the guide under "Configuration".
#[test]
fn what_projects_keep_in_their_configuration_has_the_way_that_the_guide_names() {
    let row = |you_have: &str| {
        let rows = GUIDE.split("# Configuration").nth(1).unwrap();
        let rows = rows.split("# What changes").next().unwrap();
        assert!(rows.contains(you_have), "{you_have} is in no row");
    };
    let same = |policy: PolicyBuilder| {
        let policy = policy.build().unwrap();
        assert_eq!(answer(&CorsLayer::new(policy), get(APP))[2].1, APP);
    };
    row("`.allow_origins_text(text)`");
    same(Policy::builder().allow_origins_text(APP));
    let everyone = Policy::builder().allow_origins_text("*").build().unwrap();
    assert!(everyone.allows_any_origin());
    let nobody = Policy::builder().allow_origins_text("").build().unwrap();
    assert_eq!(answer(&CorsLayer::new(nobody), get(APP))[2].1, "");
    row("`.allow_methods_text(text)`, `.allow_headers_text(text)`, `.expose_headers_text(text)`");
    let texts = Policy::builder()
        .allow_origin(APP)
        .allow_methods_text("PUT, DELETE,")
        .allow_headers_text("*")
        .expose_headers_text("etag");
    same(texts);
    row("`Vec<String>`, `Vec<OriginPattern>` | `.allow_origins(list)`");
    same(Policy::builder().allow_origins(vec![APP.to_owned()]));
    let patterns: Vec<OriginPattern> = vec![APP.parse().unwrap()];
    same(Policy::builder().allow_origins(patterns));
    row("`Vec<HeaderValue>` | `.allow_origin_values(list)`");
    let values = vec![HeaderValue::from_static(APP)];
    same(Policy::builder().allow_origin_values(values));
    row("one `HeaderValue` | `.allow_origin_values([value])`");
    same(Policy::builder().allow_origin_values([HeaderValue::from_static(APP)]));
    row("a field that keeps the settings | `PolicyBuilder`, or `Policy`: both are `Clone`");
    #[derive(Clone)]
    struct Settings {
        cors: PolicyBuilder,
    }
    let settings = Settings {
        cors: Policy::builder().allow_origin(APP),
    };
    same(settings.clone().cors);
    row("`tower::util::option_layer(layer)` in a `ServiceBuilder`");
    let layer = CorsLayer::new(settings.cors.build().unwrap());
    for (configured, allowed) in [(Some(layer), APP), (None, "")] {
        let optional = tower::util::option_layer(configured);
        let service = tower::ServiceBuilder::new().layer(optional).service(Inner);
        let response = service.oneshot(get(APP)).now_or_never();
        let Some(Ok(response)) = response else {
            unreachable!("nothing waits or fails")
        };
        let value = response.headers().get("access-control-allow-origin");
        assert_eq!(value.map_or("", |value| value.to_str().unwrap()), allowed);
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_section_of_a_file_or_a_list_of_patterns_in_a_struct_is_read() {
    assert!(GUIDE.contains(
        "| a section of a file | [`PolicyConfig`], or `Vec<OriginPattern>` (feature `serde`) |"
    ));
    #[derive(serde::Deserialize)]
    struct Server {
        cors: tower_cors::PolicyConfig,
        #[serde(default)]
        origins: Vec<OriginPattern>,
    }
    let file =
        format!("origins = [\"{APP}\", \"http://localhost:*\"]\n[cors]\norigins = [\"{APP}\"]");
    let server: Server = toml::from_str(&file).unwrap();
    let by_config = server.cors.build().unwrap();
    let by_list = Policy::builder()
        .allow_origins(server.origins)
        .build()
        .unwrap();
    for policy in [by_config, by_list] {
        assert_eq!(answer(&CorsLayer::new(policy), get(APP))[2].1, APP);
    }
    // A wrong entry stops the reading of the file, with the line to write.
    let wrong = "origins = [\"https://app.example.com/\"]\n[cors]";
    let error = toml::from_str::<Server>(wrong).map(|_| ()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("write `https://app.example.com`"),
        "{error}"
    );
}
