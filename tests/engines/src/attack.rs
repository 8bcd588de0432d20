//! Requests that pages send without asking, in every way that they have, and what becomes of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{self, Html, IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sources::{Level, Protected, services};
use crate::{Engine, Network, PageOrigin};

/// How long a request may take that a page does not wait for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the service answers in every way.
const BODY: &str = "a monster";

/// A page, and the host to which it sends requests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Situation {
    /// An attacker's name resolves to the address of the service, and the attacker's page calls its own host.
    Rebound,
    /// An attacker's page calls the service on the user's machine.
    CrossSite,
    /// An attacker's page calls the service on another machine, over `http`.
    CrossSiteRemote,
    /// A page at another port of the service's host calls it.
    SameSite,
    /// A page of the service on the user's machine calls it.
    Own,
    /// A page of the service on another machine calls it, over `http`.
    OwnRemote,
    /// A page whose origin a policy allows calls the service on the user's machine.
    Listed,
}

impl Situation {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Rebound,
        Self::CrossSite,
        Self::CrossSiteRemote,
        Self::SameSite,
        Self::Own,
        Self::OwnRemote,
        Self::Listed,
    ];

    /// The name in recordings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rebound => "rebound",
            Self::CrossSite => "cross-site",
            Self::CrossSiteRemote => "cross-site-remote",
            Self::SameSite => "same-site",
            Self::Own => "own",
            Self::OwnRemote => "own-remote",
            Self::Listed => "listed",
        }
    }

    fn page(self, [port, other]: [u16; 2]) -> PageOrigin {
        match self {
            Self::Rebound | Self::CrossSite | Self::CrossSiteRemote => {
                PageOrigin::Tuple("stranger.test", Some(port))
            }
            Self::SameSite => PageOrigin::Tuple("127.0.0.1", Some(other)),
            Self::Own => PageOrigin::Tuple("127.0.0.1", Some(port)),
            Self::OwnRemote => PageOrigin::Tuple("api.shop.test", Some(port)),
            Self::Listed => PageOrigin::Tuple("app.shop.test", Some(port)),
        }
    }

    fn host(self) -> &'static str {
        match self {
            Self::Rebound => "stranger.test",
            Self::CrossSite | Self::SameSite | Self::Own | Self::Listed => "127.0.0.1",
            Self::CrossSiteRemote | Self::OwnRemote => "api.shop.test",
        }
    }
}

/// The ways in which a page sends requests while it stays open: the names in `attack.js`, and what the service answers.
pub const SUBRESOURCES: [(&str, &str); 20] = [
    ("fetch GET", "text"),
    ("fetch POST", "text"),
    ("fetch JSON", "text"),
    ("no-cors GET", "text"),
    ("no-cors POST", "text"),
    ("image", "image"),
    ("image with crossorigin", "image"),
    ("script", "script"),
    ("style", "style"),
    ("frame", "text"),
    ("object", "text"),
    ("form POST in a frame", "text"),
    ("form GET in a frame", "text"),
    ("form without referrer in a frame", "text"),
    ("EventSource", "events"),
    ("WebSocket", "messages"),
    ("redirected image", "image"),
    ("redirected POST", "text"),
    ("POST of a sandboxed frame", "text"),
    ("beacon", "text"),
];

/// The ways in which a page leads to the service: the names in `page.html`.
pub const NAVIGATIONS: [&str; 3] = ["link", "form", "form without referrer"];

/// The kind of content that the service answers.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Text,
    Image,
    Script,
    Style,
    Events,
    Messages,
}

/// An image of one point.
const IMAGE: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\
    \x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The service did not run.
    Stopped,
    /// The service ran. The page could not read what it answered.
    Ran,
    /// The service ran, and the page could read what it answered.
    Read,
}

impl Outcome {
    fn letter(self) -> char {
        match self {
            Self::Stopped => '.',
            Self::Ran => 'x',
            Self::Read => 'R',
        }
    }
}

/// A request of a page to a service.
#[derive(Debug)]
pub struct Attack {
    /// The page.
    pub situation: Situation,
    /// The way.
    pub way: &'static str,
    /// The service.
    pub service: usize,
    /// What became of it.
    pub outcome: Outcome,
}

/// All requests in an engine.
#[derive(Debug)]
pub struct Attacks {
    /// What the engine says of its version.
    pub version: String,
    /// The services.
    pub services: Vec<Protected>,
    /// The requests.
    pub all: Vec<Attack>,
    /// What each request looked like, by situation and way, in their order.
    pub requests: Vec<(Situation, &'static str, Vec<Described>)>,
}

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Arrivals>>);

#[derive(Debug, Default)]
struct Arrivals {
    /// What came to the layers: the descriptions of the requests of each number.
    came: HashMap<usize, Vec<Described>>,
    /// What came to the service.
    reached: HashSet<usize>,
    /// What the layers rejected.
    stopped: HashSet<usize>,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Arrivals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrivals {
    fn note(&mut self, case: usize, request: Described) {
        let known = self.came.entry(case).or_default();
        // Engines repeat a request that is answered with 421.
        if known.last() != Some(&request) {
            known.push(request);
        }
    }
}

#[derive(Deserialize)]
struct Of {
    case: usize,
    #[serde(rename = "as")]
    kind: Kind,
    /// Where a page is led that came here by itself.
    back: Option<String>,
}

impl Attacks {
    /// Sends each request in an engine.
    ///
    /// # Panics
    ///
    /// Where the engine does not start, or a request does not arrive.
    pub async fn run(engine: Engine) -> Self {
        let services = services();
        let log = Log::default();
        let site = services
            .iter()
            .map(|service| service.routes(any(answer).with_state(log.clone())))
            .fold(Router::new(), Router::merge)
            .layer(from_fn_with_state(log.clone(), note))
            .route("/redirect", any(redirect))
            .route("/stopped", get(stopped).with_state(log.clone()));
        let (network, ports) = Network::start_by_name(site).await;
        let mut session = engine.open(network).await;
        let mut sent = Vec::new();
        let mut read = HashSet::new();
        for situation in Situation::ALL {
            session.page.visit(situation.page(ports)).await;
            let mut send = |way, kind: &str, service: usize| {
                let number = sent.len();
                sent.push((situation, way, service));
                let (host, port, path) = (situation.host(), ports[0], &services[service].path);
                let url = format!("http://{host}:{port}{path}?case={number}&as={kind}");
                json!({ "number": number, "way": way, "url": url })
            };
            let mut argument = Vec::new();
            for (way, kind) in SUBRESOURCES {
                for (place, service) in services.iter().enumerate() {
                    if is_sent(situation, way, service) {
                        argument.push(send(way, kind, place));
                    }
                }
            }
            let result = session
                .page
                .run(include_str!("attack.js"), &argument.into())
                .await;
            assert_eq!(result["silent"], json!([]), "these ended with nothing");
            let numbers = result["read"].as_array().expect("numbers").iter();
            read.extend(numbers.filter_map(Value::as_u64));
            for way in NAVIGATIONS {
                for (place, service) in services.iter().enumerate() {
                    if is_navigated(situation, way, service) {
                        let url = send(way, "text", place)["url"].clone();
                        session.page.detour(way, url.as_str().expect("text")).await;
                    }
                }
            }
        }
        // No page waits for the answer to a beacon.
        let start = Instant::now();
        while log.lock().came.len() < sent.len() && start.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let Arrivals { came, reached, .. } = std::mem::take(&mut *log.lock());
        let mut requests: BTreeMap<_, Vec<Described>> = BTreeMap::new();
        let mut all = Vec::new();
        for (number, (situation, way, service)) in sent.into_iter().enumerate() {
            let path = &services[service].path;
            let lines = came
                .get(&number)
                .unwrap_or_else(|| panic!("{way} of {situation:?} to {path} did not arrive"));
            // After a preflight that allows it, there is one line more.
            let place = all_ways().position(|known| known == way);
            let known = requests.entry((situation, place, way)).or_default();
            let (shorter, longer) = if lines.len() < known.len() {
                (lines, &*known)
            } else {
                (&*known, lines)
            };
            assert!(
                longer.starts_with(shorter),
                "{way} of {situation:?} to {path} sends {lines:?}, and to others {known:?}"
            );
            *known = longer.clone();
            all.push(Attack {
                situation,
                way,
                service,
                outcome: match (reached.contains(&number), read.contains(&(number as u64))) {
                    (false, false) => Outcome::Stopped,
                    (true, false) => Outcome::Ran,
                    (true, true) => Outcome::Read,
                    (false, true) => panic!("a page read what was not answered"),
                },
            });
        }
        Self {
            version: session.version.clone(),
            services,
            all,
            requests: requests
                .into_iter()
                .map(|((situation, _, way), lines)| {
                    let ported = |cell: String| {
                        let cell = cell.replace(&format!(":{}", ports[0]), ":8000");
                        cell.replace(&format!(":{}", ports[1]), ":3000")
                    };
                    let ported = |line: Described| line.map(ported);
                    (situation, way, lines.into_iter().map(ported).collect())
                })
                .collect(),
        }
    }

    /// Returns what became of the requests to one policy, as a table: a row for each way, a column for each situation, and
    /// in it a letter for each level.
    pub fn table(&self) -> String {
        let mut table = format!("{:<32}", "");
        for situation in Situation::ALL {
            let _ = write!(table, " | {:<17}", situation.name());
        }
        for way in all_ways() {
            let _ = write!(table, "\n{way:<32}");
            for situation in Situation::ALL {
                let outcome = |level| self.outcome(situation, way, level).letter();
                let levels: String = Level::ALL.into_iter().map(outcome).collect();
                let _ = write!(table, " | {levels:<17}");
            }
        }
        table
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()
    }

    /// What became of a request to one policy.
    fn outcome(&self, situation: Situation, way: &str, level: Level) -> Outcome {
        let is_it = |attack: &&Attack| {
            let service = &self.services[attack.service];
            (attack.situation, attack.way) == (situation, way)
                && (service.source, service.level) == ("policy", level)
        };
        self.all.iter().find(is_it).expect("it was sent").outcome
    }

    /// Returns the requests of which something else became than of those to one policy with the same protection.
    pub fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        for attack in &self.all {
            let service = &self.services[attack.service];
            let is_own = matches!(attack.situation, Situation::Own | Situation::OwnRemote);
            let has_origin = || {
                let (_, _, lines) = self
                    .requests
                    .iter()
                    .find(|(situation, way, _)| {
                        (*situation, *way) == (attack.situation, attack.way)
                    })
                    .expect("it was sent");
                lines.iter().any(|line| line[1] != "-")
            };
            let expected =
                if is_own && !service.trusts_own && service.level == Level::Block && has_origin() {
                    Outcome::Stopped
                } else if attack.situation == Situation::Listed && !service.allows_listed {
                    self.outcome(Situation::CrossSite, attack.way, service.level)
                } else {
                    self.outcome(attack.situation, attack.way, service.level)
                };
            if attack.outcome != expected {
                differences.push(format!(
                    "{} of {} to {}: {:?} instead of {expected:?}",
                    attack.way,
                    attack.situation.name(),
                    service.path,
                    attack.outcome
                ));
            }
        }
        differences
    }

    /// Returns what each request looked like, one a line.
    pub fn recording(&self) -> String {
        let mut text = String::new();
        for (situation, way, lines) in &self.requests {
            for line in lines {
                let mut row = format!("{:<17} | {way:<32}", situation.name());
                for (cell, (_, width)) in line.iter().zip(COLUMNS) {
                    let _ = write!(row, " | {cell:<width$}");
                }
                let _ = writeln!(text, "{}", row.trim_end());
            }
        }
        text
    }
}

/// Each source is attacked before and after. Some requests of other pages show what it does with them.
fn is_sent(situation: Situation, way: &str, service: &Protected) -> bool {
    let is_shown = [
        "fetch GET",
        "fetch POST",
        "fetch JSON",
        "image",
        "form POST in a frame",
        "WebSocket",
    ]
    .contains(&way);
    let is_block = service.level == Level::Block;
    service.source == "policy"
        || match situation {
            Situation::Rebound | Situation::CrossSite => true,
            Situation::Own | Situation::Listed => is_shown && is_block,
            _ => service.source == "mcp" && is_block,
        }
}

/// Navigations are slow. What they send does not depend on the source, so sources are navigated to in two attacks only.
fn is_navigated(situation: Situation, way: &str, service: &Protected) -> bool {
    let is_attack = matches!(situation, Situation::Rebound | Situation::CrossSite) && way == "form";
    service.source == "policy" || (is_attack && service.level == Level::Block)
}

fn all_ways() -> impl Iterator<Item = &'static str> {
    SUBRESOURCES
        .into_iter()
        .map(|(way, _)| way)
        .chain(NAVIGATIONS)
}

/// Notes what came to the layers, and leads a page back that came by itself.
async fn note(
    State(log): State<Log>,
    Query(of): Query<Of>,
    request: Request,
    next: Next,
) -> Response {
    let description = describe(&request);
    log.lock().note(of.case, description);
    let response = next.run(request).await;
    if response.status().is_client_error() {
        log.lock().stopped.insert(of.case);
    }
    match of.back {
        Some(back) => {
            let back = Value::from(back);
            Html(format!("<script>location.replace({back})</script>")).into_response()
        }
        // Firefox fires no event for a frame whose error has no content.
        None if response.status().is_client_error() => {
            let (parts, _) = response.into_parts();
            Response::from_parts(parts, "rejected".into())
        }
        None => response,
    }
}

#[derive(Deserialize)]
struct Redirect {
    to: String,
}

async fn redirect(Query(Redirect { to }): Query<Redirect>) -> response::Redirect {
    response::Redirect::temporary(&to)
}

async fn stopped(State(log): State<Log>) -> Json<HashSet<usize>> {
    Json(log.lock().stopped.clone())
}

/// What the service does: it runs.
async fn answer(
    State(log): State<Log>,
    Query(of): Query<Of>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    log.lock().reached.insert(of.case);
    let case = of.case;
    let (kind, body) = match of.kind {
        Kind::Text => ("text/plain", BODY.into()),
        Kind::Image => ("image/gif", IMAGE.into()),
        Kind::Script => {
            let script = format!("globalThis.executed{case} = {BODY:?}");
            ("text/javascript", script.into_bytes())
        }
        Kind::Style => {
            let style = format!(":root {{ --case{case}: {BODY:?} }}");
            ("text/css", style.into_bytes())
        }
        Kind::Events => (
            "text/event-stream",
            format!("data: {BODY}\n\n").into_bytes(),
        ),
        Kind::Messages => {
            let upgrade = match upgrade {
                Ok(upgrade) => upgrade,
                Err(rejection) => return rejection.into_response(),
            };
            return upgrade.on_upgrade(async |mut socket| {
                while let Some(Ok(Message::Text(_))) = socket.recv().await {
                    // The page may be gone.
                    let _ = socket.send(Message::text(BODY)).await;
                }
            });
        }
    };
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], body).into_response()
}

/// What tells layers from which page a request is, in the order of [`COLUMNS`].
fn describe(request: &Request) -> Described {
    let headers = request.headers();
    COLUMNS.map(|(name, _)| {
        let lines = headers.get_all(name).iter();
        let lines: Vec<_> = lines
            .map(|line| String::from_utf8_lossy(line.as_bytes()))
            .collect();
        match name {
            "method" if headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) => "preflight".into(),
            "method" => request.method().to_string(),
            _ if lines.is_empty() => "-".into(),
            _ => lines.join(" and "),
        }
    })
}

/// The columns of a recording and their widths: the method, and headers.
const COLUMNS: [(&str, usize); 7] = [
    ("method", 9),
    ("origin", 26),
    ("sec-fetch-site", 14),
    ("sec-fetch-mode", 14),
    ("sec-fetch-dest", 14),
    ("sec-fetch-user", 14),
    ("upgrade", 9),
];

/// The columns of a request.
type Described = [String; COLUMNS.len()];
