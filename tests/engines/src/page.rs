//! The page that an engine has open, and what it is told to do.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::PageOrigin;

/// How long an engine may take to start, to open a page or to run a script, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long a page waits for something to do before it asks again.
const ASK_AGAIN: Duration = Duration::from_secs(20);

/// The page of an engine: scripts run in it, one after the other.
#[derive(Debug)]
pub struct Page {
    wire: Arc<Wire>,
    origin: Option<PageOrigin>,
    /// The port of the first page.
    port: Option<u16>,
}

/// What goes between the test and the page. Each instruction has a number, and is given to a page that has not seen it,
/// so that none is lost with a connection.
#[derive(Debug)]
struct Wire {
    instruction: watch::Sender<Instruction>,
    /// The last instruction that the page which asks has seen.
    seen: watch::Sender<u64>,
    result: watch::Sender<(u64, Value)>,
}

#[derive(Clone, Debug, Default)]
struct Instruction {
    number: u64,
    content: Value,
}

impl Page {
    /// A page that no engine has opened, and the routes that serve it on every host.
    pub(crate) fn new() -> (Self, Router) {
        let wire = Arc::new(Wire {
            instruction: watch::Sender::new(Instruction::default()),
            seen: watch::Sender::new(0),
            result: watch::Sender::new((0, Value::Null)),
        });
        let routes = Router::new()
            .route("/page", get(Html(include_str!("page.html"))))
            .route("/page/next", get(next))
            .route("/page/result", post(result))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&wire));
        let page = Self {
            wire,
            origin: None,
            port: None,
        };
        (page, routes)
    }

    /// The same, with its first page at a port.
    pub(crate) fn at_port(self, port: u16) -> Self {
        let port = Some(port);
        Self { port, ..self }
    }

    /// The URL to start an engine with: it asks for the first instruction.
    pub(crate) fn first(&mut self) -> String {
        let number = self.instruct(Value::Null);
        let origin = PageOrigin::Tuple("stranger.test", self.port);
        self.origin = Some(origin);
        origin.page(number)
    }

    /// Waits until the engine has opened the page, for at most a generous time.
    pub(crate) async fn is_open(&self) -> bool {
        let number = self.wire.instruction.borrow().number;
        let mut seen = self.wire.seen.subscribe();
        tokio::time::timeout(PATIENCE, seen.wait_for(|seen| *seen >= number))
            .await
            .is_ok()
    }

    /// Leads the page to this origin, if it is of another.
    ///
    /// # Panics
    ///
    /// Where no page opens there.
    pub async fn visit(&mut self, origin: PageOrigin) {
        if self.origin == Some(origin) {
            return;
        }
        let number = self.wire.instruction.borrow().number + 1;
        self.instruct(json!({ "visit": origin.page(number) }));
        self.origin = Some(origin);
        assert!(
            self.is_open().await,
            "no page opened at {origin} within {PATIENCE:?}"
        );
    }

    /// Leads the page to another URL in the way that `how` names in `page.html`, and waits until it is back. The server
    /// at that URL must lead it back to the URL in the parameter `back`.
    ///
    /// # Panics
    ///
    /// Where it does not come back.
    pub async fn detour(&mut self, how: &str, url: &str) {
        let origin = self.origin.expect("a page is open");
        let number = self.wire.instruction.borrow().number + 1;
        let back: String = origin
            .page(number)
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect();
        self.instruct(json!({ "visit": format!("{url}&back={back}"), "how": how }));
        assert!(
            self.is_open().await,
            "the page did not come back from {url} within {PATIENCE:?}"
        );
    }

    /// Runs the body of an asynchronous function with a parameter `argument`, and returns what it returns.
    ///
    /// # Panics
    ///
    /// Where it throws, or does not end.
    pub async fn run(&self, script: &str, argument: &Value) -> Value {
        let number = self.instruct(json!({ "script": script, "argument": argument }));
        let mut results = self.wire.result.subscribe();
        let result = results.wait_for(|(of, _)| *of == number);
        let (_, result) = tokio::time::timeout(PATIENCE, result)
            .await
            .unwrap_or_else(|_| panic!("no result within {PATIENCE:?} of the script\n{script}"))
            .expect("the page lives as long as its wire")
            .clone();
        if let Some(error) = result["error"].as_str() {
            panic!("{error}\nin the script\n{script}");
        }
        result["value"].clone()
    }

    fn instruct(&self, content: Value) -> u64 {
        let mut number = 0;
        self.wire.instruction.send_modify(|instruction| {
            instruction.number += 1;
            instruction.content = content;
            number = instruction.number;
        });
        number
    }
}

#[derive(Deserialize)]
struct Next {
    after: u64,
}

async fn next(State(wire): State<Arc<Wire>>, Query(Next { after }): Query<Next>) -> Response {
    wire.seen.send_modify(|seen| *seen = after.max(*seen));
    let mut instructions = wire.instruction.subscribe();
    let unseen = instructions.wait_for(|instruction| instruction.number > after);
    let mut response = match tokio::time::timeout(ASK_AGAIN, unseen).await {
        Ok(Ok(instruction)) => {
            let mut content = instruction.content.clone();
            content["number"] = instruction.number.into();
            Json(content).into_response()
        }
        _ => StatusCode::NO_CONTENT.into_response(),
    };
    // A sandboxed frame reads it too.
    let anyone = HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, anyone);
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

#[derive(Deserialize)]
struct Of {
    number: u64,
}

async fn result(State(wire): State<Arc<Wire>>, Query(of): Query<Of>, body: String) -> StatusCode {
    let result = serde_json::from_str(&body)
        .unwrap_or_else(|error| json!({ "error": format!("the result is not JSON: {error}") }));
    wire.result.send_replace((of.number, result));
    StatusCode::NO_CONTENT
}
