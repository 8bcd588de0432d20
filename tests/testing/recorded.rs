//! What `testing::Browser` sends, against what engines send: `tests/engines/recorded`.

use std::path::Path;

use http::Request;
use tower_cors::testing::{
    Browser, Credentials, Destination, Fetch, Mode, Profile, ReferrerPolicy,
};

use crate::support::{fetch, is_preflight, response};

/// The columns after the situation and the way.
const HEADERS: [&str; 6] = [
    "origin",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-fetch-user",
    "upgrade",
];

/// The page, and the origin that it sends to.
fn situation(name: &str) -> (&'static str, &'static str) {
    const STRANGER: &str = "http://stranger.test:8000";
    const LOCAL: &str = "http://127.0.0.1:8000";
    const REMOTE: &str = "http://api.shop.test:8000";
    match name {
        "rebound" => (STRANGER, STRANGER),
        "cross-site" => (STRANGER, LOCAL),
        "cross-site-remote" => (STRANGER, REMOTE),
        "same-site" => ("http://127.0.0.1:3000", LOCAL),
        "own" => (LOCAL, LOCAL),
        "own-remote" => (REMOTE, REMOTE),
        "listed" => ("http://app.shop.test:8000", LOCAL),
        other => panic!("the situation {other:?} is unknown"),
    }
}

/// What a script of a page does. No user takes part in it.
fn way(name: &str, page: &str, url: &str) -> Fetch<String> {
    let no_cors = |request: http::request::Builder| {
        Fetch::from(request.body(String::new())).mode(Mode::NoCors)
    };
    let by_script = |fetch: Fetch<String>| fetch.user_activation(false);
    let in_frame = |fetch: Fetch<String>| by_script(fetch).destination(Destination::Iframe);
    let form = || Fetch::form(url, String::new());
    let redirect = format!("{page}/redirect");
    match name {
        "fetch GET" => Request::get(url).body(String::new()).into(),
        "fetch POST" => Request::post(url).body(String::new()).into(),
        "fetch JSON" => Request::post(url)
            .header("content-type", "application/json")
            .body(String::new())
            .into(),
        "no-cors GET" => no_cors(Request::get(url)),
        "no-cors POST" | "POST of a sandboxed frame" => no_cors(Request::post(url)),
        "image" => Fetch::image(url),
        "image with crossorigin" => Fetch::image(url).crossorigin(Credentials::SameOrigin),
        "script" => Fetch::script(url),
        "style" => Fetch::style(url),
        "frame" => Fetch::frame(url),
        "object" => Fetch::frame(url).destination(Destination::Object),
        "form POST in a frame" => in_frame(form()),
        "form GET in a frame" => in_frame(Fetch::navigation(url)),
        "form without referrer in a frame" => {
            in_frame(form()).referrer_policy(ReferrerPolicy::NoReferrer)
        }
        "EventSource" => Fetch::event_source(url),
        "WebSocket" => Fetch::web_socket(url.replacen("http", "ws", 1)),
        "beacon" => Fetch::beacon(url, String::new()),
        "redirected image" => Fetch::image(redirect),
        "redirected POST" => no_cors(Request::post(redirect)),
        "link" => by_script(Fetch::navigation(url)),
        "form" => by_script(form()),
        "form without referrer" => by_script(form()).referrer_policy(ReferrerPolicy::NoReferrer),
        other => panic!("the way {other:?} is unknown"),
    }
}

/// The rows that the browser gives for a way, as they are recorded: what reaches the service, without redirects.
fn rows(profile: &Profile, situation_name: &str, way_name: &str) -> Vec<Vec<String>> {
    let (page, target) = situation(situation_name);
    let url = format!("{target}/monsters");
    let mut browser = match way_name {
        "POST of a sandboxed frame" => Browser::opaque(),
        _ => Browser::at(page),
    }
    .like(profile.clone());
    // Only the listed page is allowed to send what needs permission.
    let is_listed = situation_name == "listed";
    let outcome = fetch(
        &mut browser,
        |request| match request.uri().path() {
            "/redirect" => response(307, &[("location", &url)]),
            _ if is_listed && is_preflight(request) => response(
                204,
                &[
                    ("access-control-allow-origin", page),
                    ("access-control-allow-headers", "content-type"),
                ],
            ),
            _ => response(403, &[]),
        },
        way(way_name, page, &url),
    );
    let exchanges = outcome.exchanges().iter();
    let sent = exchanges.filter(|exchange| exchange.url() == url);
    sent.map(|exchange| {
        let method = match exchange.is_preflight() {
            true => "preflight",
            false => exchange.method(),
        };
        let values = HEADERS.map(|name| {
            let value = exchange.request_headers().get(name);
            value
                .map_or("-", |value| value.to_str().unwrap())
                .to_owned()
        });
        [[method.to_owned()].as_slice(), &values].concat()
    })
    .collect()
}

#[test]
fn each_way_sends_what_the_engines_were_seen_to_send() {
    let engines = [
        ("chromium", Profile::chromium()),
        ("firefox", Profile::firefox()),
        ("webkit", Profile::webkit()),
    ];
    let mut differences = String::new();
    for (engine, profile) in engines {
        let file = format!("tests/engines/recorded/{engine}.txt");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let recorded = std::fs::read_to_string(file).expect("a recording");
        let lines: Vec<Vec<&str>> = recorded
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split('|').map(str::trim).collect())
            .collect();
        assert!(lines.len() > 150, "{engine} has {} lines", lines.len());
        let of_one_way = lines.chunk_by(|one, other| one[..2] == other[..2]);
        for seen in of_one_way {
            let [situation, way] = seen[0][..2] else {
                panic!("no situation and way in {:?}", seen[0]);
            };
            let sent = rows(&profile, situation, way);
            let seen: Vec<&[&str]> = seen.iter().map(|line| &line[2..]).collect();
            if sent != seen {
                differences +=
                    &format!("{engine}, {situation}, {way}: {sent:?}\n  seen: {seen:?}\n");
            }
        }
    }
    assert!(differences.is_empty(), "{differences}");
}
