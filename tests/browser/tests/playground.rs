//! The playground in Chromium: every button, and what it promises.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tower_cors_browser_tests::{Chromium, Process};

/// How long a page may take to show a verdict, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The kind of an exchange, and its code.
type Exchange = (&'static str, &'static str);

/// Scenario, verdict, the kinds and codes of its exchanges in their order.
const SCENARIOS: [(&str, &str, &[Exchange]); 9] = [
    ("simple-get", "readable", &[("actual", "allowed")]),
    (
        "post-json",
        "readable",
        &[("preflight", "allowed"), ("actual", "allowed")],
    ),
    (
        "put-with-authorization",
        "readable",
        &[("preflight", "allowed"), ("actual", "allowed")],
    ),
    ("get-with-cookies", "readable", &[("actual", "allowed")]),
    ("exposed-headers", "readable", &[("actual", "allowed")]),
    (
        "method-not-allowed",
        "blocked",
        &[("preflight", "method-not-allowed")],
    ),
    (
        "header-not-allowed",
        "blocked",
        &[("preflight", "header-not-allowed")],
    ),
    (
        "stranger-get",
        "blocked",
        &[("actual", "origin-not-allowed")],
    ),
    (
        "stranger-put",
        "blocked",
        &[("preflight", "origin-not-allowed")],
    ),
];

/// The playground, on free ports, and the address of its page.
fn playground() -> (Process, String) {
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "run",
        "--quiet",
        "--locked",
        "-p",
        "tower-cors",
        "--example",
        "playground",
    ]);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    Process::start(&command, |line| {
        let address = line.strip_prefix("page: ")?;
        Some(address.split_whitespace().next()?.to_owned())
    })
}

/// Presses a scenario's button and waits for its verdict.
async fn press(chromium: &Chromium, scenario: &str) -> Value {
    let article = format!("document.querySelector('[data-scenario=\"{scenario}\"]')");
    chromium
        .script(&format!("{article}.querySelector('button').click()"))
        .await;
    let script = format!(
        "const article = {article};
         return article.dataset.verdict && !article.querySelector('button').disabled && {{
           verdict: article.dataset.verdict,
           expected: article.dataset.expected,
           exchanges: [...article.querySelectorAll('section')].map((part) => [part.dataset.kind, part.dataset.code]),
           text: article.innerText,
         }}"
    );
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = chromium.script(&script).await;
        if shown.is_object() {
            return shown;
        }
        assert!(
            Instant::now() < deadline,
            "{scenario} has no verdict after {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn every_button_of_the_playground_gives_the_verdict_that_it_announces() {
    let (_playground, page) = playground();
    let chromium = Chromium::start(1200, 900).await;
    chromium.client.goto(&page).await.expect("the page opens");
    let listed = chromium
        .script("return [...document.querySelectorAll('article')].map((a) => a.dataset.scenario)")
        .await;
    assert_eq!(
        listed,
        json!(SCENARIOS.map(|(scenario, _, _)| scenario)),
        "every scenario is tested"
    );

    for (scenario, verdict, exchanges) in SCENARIOS {
        let shown = press(&chromium, scenario).await;
        assert_eq!(shown["verdict"], verdict, "{scenario}: {}", shown["text"]);
        assert_eq!(shown["expected"], verdict, "{scenario}");
        assert_eq!(
            shown["exchanges"],
            json!(exchanges),
            "{scenario}: {}",
            shown["text"]
        );
        let text = shown["text"].as_str().expect("a text");
        assert!(text.contains("The layer says: "), "{scenario}: {text}");
    }

    let text_of = async |scenario: &str| {
        press(&chromium, scenario).await["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        text_of("get-with-cookies")
            .await
            .contains("you are the user of this cookie")
    );
    let text = text_of("exposed-headers").await;
    assert!(
        text.contains("x-request-id: 42; x-internal-id: (not readable)"),
        "{text}"
    );
    let text = text_of("method-not-allowed").await;
    assert!(
        text.contains("The request itself was not sent.")
            && text.contains(".allow_methods([Method::PATCH])"),
        "{text}"
    );
    let text = text_of("stranger-get").await;
    assert!(
        !text.contains("access-control-"),
        "a refused origin gets no CORS header: {text}"
    );
}

#[tokio::test]
async fn run_all_runs_every_scenario() {
    let (_playground, page) = playground();
    let chromium = Chromium::start(1200, 900).await;
    chromium.client.goto(&page).await.expect("the page opens");
    chromium
        .script("document.getElementById('all').click()")
        .await;
    let deadline = Instant::now() + PATIENCE;
    let script = "return [...document.querySelectorAll('article')].filter((a) => a.dataset.verdict === a.dataset.expected).length";
    while chromium.script(script).await != SCENARIOS.len() {
        assert!(
            Instant::now() < deadline,
            "not every verdict is as announced after {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_playground_fits_a_phone_and_is_used_by_keyboard() {
    let (_playground, page) = playground();
    let chromium = Chromium::start(500, 900).await;
    chromium.client.goto(&page).await.expect("the page opens");
    press(&chromium, "put-with-authorization").await;
    let overflow = chromium
        .script("return document.documentElement.scrollWidth - innerWidth")
        .await;
    assert!(
        overflow.as_i64().is_some_and(|pixels| pixels <= 0),
        "{overflow} pixels too wide"
    );
    let unnamed = chromium.script("return [...document.querySelectorAll('button')].filter((b) => b.tabIndex < 0 || !(b.ariaLabel || b.textContent)).length").await;
    assert_eq!(unnamed, 0);
}
