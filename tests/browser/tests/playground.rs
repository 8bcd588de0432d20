//! The playground in browsers: every scenario and what it promises, the editor, the composer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use fantoccini::key::Key;
use serde_json::{Value, json};
use tower_cors_browser_tests::{Browser, Engine, Process};

/// How long a page may take, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The verdict of a step, and its requests: the kind, the layer's code, and whether the service ran.
type Step = (&'static str, &'static [Request]);
type Request = (&'static str, &'static str, bool);

const PREFLIGHT: Request = ("preflight", "allowed", false);
const ACTUAL: Request = ("actual", "allowed", true);
const REJECTED: Request = ("actual", "origin-not-allowed", true);
const STOPPED: Request = ("actual", "origin-not-allowed", false);
/// Behind the careless API nobody decides.
const CARELESS: Request = ("actual", "", true);

const SCENARIOS: [(&str, &[Step]); 12] = [
    ("simple", &[("readable", &[ACTUAL])]),
    (
        "preflight",
        &[
            ("readable", &[PREFLIGHT, ACTUAL]),
            ("readable", &[PREFLIGHT, ACTUAL]),
        ],
    ),
    (
        "not-allowed",
        &[
            ("blocked", &[("preflight", "method-not-allowed", false)]),
            ("blocked", &[("preflight", "header-not-allowed", false)]),
        ],
    ),
    ("exposed", &[("readable", &[ACTUAL])]),
    (
        "stranger",
        &[
            ("blocked", &[REJECTED]),
            ("blocked", &[("preflight", "origin-not-allowed", false)]),
            ("blocked", &[("actual", "null-origin-not-allowed", true)]),
        ],
    ),
    (
        "curl",
        &[
            ("readable", &[("actual", "not-cors", true)]),
            ("blocked", &[REJECTED]),
        ],
    ),
    (
        "wildcard-and-cookies",
        &[
            ("rejected", &[]),
            ("blocked", &[ACTUAL]),
            ("readable", &[ACTUAL]),
        ],
    ),
    (
        "reflection",
        &[("readable", &[CARELESS]), ("blocked", &[REJECTED])],
    ),
    (
        "max-age",
        &[("readable", &[PREFLIGHT, ACTUAL]), ("readable", &[ACTUAL])],
    ),
    (
        "vary",
        &[
            ("readable", &[CARELESS]),
            ("blocked", &[]),
            ("readable", &[ACTUAL]),
            ("readable", &[ACTUAL]),
        ],
    ),
    ("forms", &[("sent", &[REJECTED]), ("stopped", &[STOPPED])]),
    (
        "websocket",
        &[("readable", &[REJECTED]), ("stopped", &[STOPPED])],
    ),
];

/// The playground on free ports, and a browser that shows it.
struct Playground {
    browser: Browser,
    _program: Process,
}

/// The program, and the address of its page.
fn start() -> (Process, String) {
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

impl Playground {
    async fn open(engine: Engine) -> Self {
        let (program, page) = start();
        let browser = Browser::start(engine, 1300, 900).await;
        browser.client.goto(&page).await.expect("the page opens");
        let playground = Self {
            browser,
            _program: program,
        };
        playground
            .until("return document.documentElement.dataset.ready")
            .await;
        playground
    }

    async fn script(&self, script: &str) -> Value {
        self.browser.script(script).await
    }

    /// The value of a script, once it is something.
    async fn until(&self, script: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.script(script).await;
            if !matches!(&value, Value::Null | Value::Bool(false)) {
                return value;
            }
            assert!(
                Instant::now() < deadline,
                "nothing after {PATIENCE:?}: {script}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Presses a scenario's button and waits for the results of its steps.
    async fn run(&self, scenario: &str) -> Value {
        let article = format!("document.querySelector('[data-scenario=\"{scenario}\"]')");
        self.script(&format!("{article}.querySelector('button').click()"))
            .await;
        self.until(&format!(
            "const article = {article};
             return article.dataset.state === 'done' && [...article.querySelectorAll('.result')].map((result) => ({{
               verdict: result.dataset.verdict,
               expected: result.dataset.expected,
               simulated: result.dataset.simulated,
               requests: [...result.querySelectorAll('[data-kind]')].map(({{ dataset }}) =>
                 [dataset.kind, dataset.code, dataset.reached === 'true']),
               text: result.innerText,
             }}))"
        ))
        .await
    }

    /// The texts of a scenario's results.
    async fn texts(&self, scenario: &str) -> Vec<String> {
        let results = self.run(scenario).await;
        let results = results.as_array().expect("results").iter();
        results
            .map(|result| result["text"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Writes a policy and applies it; what stands below the editor then.
    async fn apply(&self, toml: &str) -> Value {
        let toml = json!(toml);
        self.script(&format!(
            "const text = document.getElementById('toml');
             text.value = {toml};
             text.dispatchEvent(new Event('input'));
             document.getElementById('apply').click();"
        ))
        .await;
        self.until(
            "const { dataset, textContent } = document.getElementById('state');
             return dataset.state !== 'edited' && {
               state: textContent,
               wrong: [...document.querySelectorAll('#gutter .wrong')].map((line) => line.textContent),
               mistakes: [...document.querySelectorAll('#mistakes li')].map((item) => item.innerText),
               rust: document.getElementById('rust').textContent,
             }",
        )
        .await
    }

    /// Puts values into the composer.
    async fn compose(&self, fields: &Value) {
        self.script(&format!(
            "const {{ elements }} = document.getElementById('composer');
             for (const [name, value] of Object.entries({fields}))
               if (typeof value === 'boolean') elements[name].checked = value; else elements[name].value = value;"
        ))
        .await;
    }

    /// The text of the composed result.
    async fn composed(&self) -> String {
        let text = self
            .script("return document.getElementById('composed').innerText")
            .await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Sends what stands in the composer; its verdict.
    async fn send(&self) -> Value {
        self.script(
            "document.getElementById('composed').replaceChildren();
             document.querySelector('#composer button').click()",
        )
        .await;
        self.until("return document.querySelector('#composed .result')?.dataset.verdict")
            .await
    }

    async fn press(&self, key: &str) {
        let focused = self.browser.client.active_element().await;
        let focused = focused.expect("something has the focus");
        focused.send_keys(key).await.expect("the key is pressed");
    }

    /// Presses the tabulator until this holds for what has the focus.
    async fn tab_to(&self, holds: &str) {
        for _ in 0..100 {
            self.press(&char::from(Key::Tab).to_string()).await;
            let script = format!("const it = document.activeElement; return Boolean({holds})");
            if self.script(&script).await == true {
                return;
            }
        }
        panic!("the keyboard does not get to where {holds}");
    }
}

async fn every_scenario_gives_the_verdicts_that_it_announces(engine: Engine) {
    let playground = Playground::open(engine).await;
    let listed = playground
        .script("return [...document.querySelectorAll('[data-scenario]')].map((a) => a.dataset.scenario)")
        .await;
    let tested = SCENARIOS.map(|(scenario, _)| scenario);
    assert_eq!(listed, json!(tested), "every scenario is tested");

    for (scenario, steps) in SCENARIOS {
        let shown = playground.run(scenario).await;
        let shown = shown.as_array().expect("results");
        assert_eq!(shown.len(), steps.len(), "{scenario}: {shown:?}");
        for (shown, (verdict, requests)) in shown.iter().zip(steps) {
            let text = shown["text"].as_str().unwrap_or_default();
            assert_eq!(shown["verdict"], *verdict, "{scenario}: {text}");
            assert_eq!(shown["expected"], *verdict, "{scenario}: {text}");
            assert_eq!(shown["requests"], json!(requests), "{scenario}: {text}");
            // It has no HTTP cache, and sees no answer of a form.
            let is_comparable = !requests.is_empty() && !["sent", "stopped"].contains(verdict);
            if let (true, Some(simulated)) = (is_comparable, shown["simulated"].as_str()) {
                assert_eq!(simulated, *verdict, "{scenario}: {text}");
            }
        }
    }
}

async fn the_scenarios_show_what_they_are_about(engine: Engine) {
    let playground = Playground::open(engine).await;
    let [exposed] = &playground.texts("exposed").await[..] else {
        panic!("one step");
    };
    assert!(
        exposed.contains("x-internal-id: 4711"),
        "over the wire: {exposed}"
    );
    let readable = exposed.split("Headers that the page can read:").nth(1);
    let readable = readable.and_then(|rest| rest.split("The layer").next());
    let readable = readable.expect("the headers are shown");
    assert!(readable.contains("x-request-id: 42"), "{readable}");
    assert!(!readable.contains("x-internal-id"), "{readable}");

    playground.run("stranger").await;
    let granted = playground
        .script("return [...document.querySelectorAll('[data-scenario=stranger] .headers [data-by=layer] code')].map((it) => it.textContent)")
        .await;
    assert_eq!(
        granted,
        json!(["vary: Origin", "vary: Origin", "vary: Origin"]),
        "a rejected origin gets no CORS header"
    );
    let reflection = playground.texts("reflection").await;
    assert!(
        reflection[0].contains(
            "A page that nobody allowed got it: status 200: you are Ada; your secret is 4711"
        ),
        "{reflection:?}"
    );
    assert!(!reflection[1].contains("your secret is"), "{reflection:?}");
    let forms = playground.texts("forms").await;
    assert!(forms[1].contains("the service did not run"), "{forms:?}");
    playground.texts("max-age").await;
    let remembered = playground
        .script("return document.getElementById('remembered').innerText")
        .await;
    let remembered = remembered.as_str().unwrap_or_default();
    assert!(
        remembered.contains("PUT /monsters/1 with authorization")
            && remembered.contains(" left (Max-Age 600 s"),
        "{remembered}"
    );
}

async fn mistakes_stand_at_their_lines_and_the_policy_before_runs_on(engine: Engine) {
    let playground = Playground::open(engine).await;
    let page = playground.script("return location.origin").await;
    let page = page.as_str().expect("an origin").to_owned();
    let wrong = format!(
        "# mine\norigins = [\n  \"{page}\",\n  \"https://App.example.com\",\n]\nmethods = [\"patch\"]\nmax_age = 100000\n"
    );
    let shown = playground.apply(&wrong).await;
    assert_eq!(shown["wrong"], json!(["4", "6", "7"]), "{shown}");
    let mistake = |index: usize| shown["mistakes"][index].as_str().unwrap_or_default();
    assert!(
        mistake(0).starts_with("line 4: ")
            && mistake(0).contains("write `https://app.example.com`"),
        "{shown}"
    );
    assert!(mistake(1).contains("write `PATCH`"), "{shown}");
    assert!(mistake(2).contains("`max_age = 7200`"), "{shown}");
    assert_eq!(
        playground.send().await,
        "readable",
        "the one before runs on"
    );
    let selected = playground
        .script(
            "document.querySelector('#mistakes button').click();
             const text = document.getElementById('toml');
             return text.value.slice(text.selectionStart, text.selectionEnd);",
        )
        .await;
    assert_eq!(selected, "  \"https://App.example.com\",");

    let shown = playground
        .apply("origins = [\"https://app.example.com\"")
        .await;
    assert_eq!(
        shown["mistakes"].as_array().map(Vec::len),
        Some(1),
        "{shown}"
    );
    let shown = playground.apply("origins = \"*\"\nmethod = []\n").await;
    assert_eq!(shown["wrong"], json!(["2"]), "{shown}");

    let shown = playground
        .apply("origins = [\"https://app.example.com\"]\nmethods = \"*\"\n")
        .await;
    assert_eq!(shown["state"], "This policy runs.", "{shown}");
    assert_eq!(
        shown["rust"],
        "Policy::builder()\n    .allow_origins([\"https://app.example.com\"])\n    .allow_any_method()\n    .build()?"
    );
    assert_eq!(playground.send().await, "blocked", "it runs at once");
}

async fn what_is_blocked_is_mended_by_the_change_that_is_offered(engine: Engine) {
    let playground = Playground::open(engine).await;
    let runs = "return document.getElementById('state').dataset.state === 'running' && document.getElementById('toml').value";
    // The scenario, its step, and the line that is offered.
    let offers = [
        ("not-allowed", 0, "methods = [\"PUT\", \"PATCH\"]"),
        (
            "not-allowed",
            1,
            "headers = [\"authorization\", \"content-type\", \"x-debug\"]",
        ),
        ("stranger", 0, "origins = ["),
        ("curl", 1, "origins = ["),
    ];
    for (scenario, step, line) in offers {
        playground.run(scenario).await;
        let result =
            format!("document.querySelectorAll('[data-scenario=\"{scenario}\"] .result')[{step}]");
        playground
            .script(&format!("{result}.querySelector('.mend button').click()"))
            .await;
        let contains = format!(
            "const toml = (() => {{ {runs} }})(); return toml && toml.includes({}) && toml",
            json!(line)
        );
        let toml = playground.until(&contains).await;
        playground
            .script(&format!(
                "{result}.querySelector(':scope > button').click()"
            ))
            .await;
        assert_eq!(playground.send().await, "readable", "{scenario}: {toml}");
    }
}

async fn a_request_is_composed_with_the_keyboard_alone(engine: Engine) {
    let playground = Playground::open(engine).await;
    let enter = char::from(Key::Enter).to_string();
    playground.tab_to("it.id === 'toml'").await;
    playground.tab_to("it.id === 'apply'").await;
    playground.press(&enter).await;
    playground
        .tab_to("it.matches('[data-scenario=preflight] summary')")
        .await;
    playground.press(&enter).await;
    playground
        .tab_to("it.matches('[data-scenario=preflight] button')")
        .await;
    playground.press(&enter).await;
    playground
        .until("return document.querySelector('[data-scenario=preflight] .result')?.dataset.verdict === 'readable'")
        .await;
    playground.tab_to("it.name === 'method'").await;
    // The text in it is selected, as after every step with the tabulator.
    playground.press("PATCH").await;
    playground.press(&enter).await;
    playground
        .until("return document.querySelector('#composed .result')?.dataset.verdict === 'blocked'")
        .await;
    let unnamed = playground
        .script(
            "return [...document.querySelectorAll('button, input, select, textarea, summary')].filter((it) =>
               !(it.ariaLabel || it.textContent.trim() || it.labels?.length)).map((it) => it.outerHTML)",
        )
        .await;
    assert_eq!(unnamed, json!([]), "everything has a name");
}

async fn it_fits_a_phone(engine: Engine) {
    let playground = Playground::open(engine).await;
    playground
        .script(
            "const phone = document.createElement('iframe');
             phone.id = 'phone';
             phone.style = 'width: 360px; height: 740px; border: 0';
             phone.src = '/';
             document.body.replaceChildren(phone);",
        )
        .await;
    let phone = "document.getElementById('phone').contentDocument";
    playground
        .until(&format!("return {phone}?.documentElement?.dataset.ready"))
        .await;
    playground
        .script(&format!("{phone}.getElementById('all').click()"))
        .await;
    let done = format!(
        "return {phone}.querySelectorAll('[data-scenario][data-state=done]').length === {}",
        SCENARIOS.len()
    );
    playground.until(&done).await;
    let width = playground
        .script(&format!("return {phone}.documentElement.scrollWidth"))
        .await;
    assert!(
        width.as_u64().is_some_and(|width| width <= 360),
        "{width} pixels wide"
    );
    // What a button leads to is in sight.
    for scenario in ["curl", "websocket"] {
        playground
            .script(&format!(
                "const article = {phone}.querySelector('[data-scenario={scenario}]');
                 article.dataset.state = '';
                 article.querySelector('button').click()"
            ))
            .await;
        let in_sight = format!(
            "const article = {phone}.querySelector('[data-scenario={scenario}]');
             const verdict = article.querySelector('.verdict')?.getBoundingClientRect();
             return article.dataset.state === 'done' && verdict.top >= 0 && verdict.bottom <= 740"
        );
        playground.until(&in_sight).await;
    }
    let missed = format!(
        "return [...{phone}.querySelectorAll('.result')].filter((it) => it.dataset.verdict !== it.dataset.expected).map((it) => it.innerText)"
    );
    assert_eq!(playground.script(&missed).await, json!([]));
}

async fn something_has_happened_on_the_first_screen(engine: Engine) {
    let playground = Playground::open(engine).await;
    let seen = playground
        .script(
            "const article = document.querySelector('[data-scenario=simple]');
             const [wire, verdict] = ['.wire', '.verdict'].map((part) => article.querySelector(part).getBoundingClientRect());
             return [article.open, wire.right <= verdict.left, wire.top < innerHeight, verdict.bottom < innerHeight]",
        )
        .await;
    assert_eq!(seen, json!([true, true, true, true]));
}

async fn what_cannot_be_sent_takes_the_place_of_the_result_before(engine: Engine) {
    let playground = Playground::open(engine).await;
    let fields =
        json!({ "path": "/monsters", "method": "GET", "headers": "", "body": "", "kind": "fetch" });
    let wrong = [
        (json!({ "path": "monsters" }), "write /monsters"),
        (
            json!({ "path": "monsters", "from": "curl" }),
            "write /monsters",
        ),
        (json!({ "method": "a b" }), "Nothing came of it: TypeError"),
        (
            json!({ "method": "TRACE" }),
            "Nothing came of it: TypeError",
        ),
        (
            json!({ "headers": "X-Name: \u{20ac}" }),
            "Nothing came of it: TypeError",
        ),
        (
            json!({ "body": "of a GET" }),
            "Nothing came of it: TypeError",
        ),
    ];
    for (change, expected) in wrong {
        playground.compose(&json!({ "from": "page" })).await;
        playground.compose(&fields).await;
        assert_eq!(playground.send().await, "readable");
        playground.compose(&change).await;
        assert_eq!(playground.send().await, "failed", "{change}");
        let text = playground.composed().await;
        assert!(text.contains(expected), "{change}: {text}");
        assert!(!text.contains("own cache"), "{change}: {text}");
    }
    playground.compose(&json!({ "from": "page" })).await;
    playground.compose(&fields).await;
    assert_eq!(playground.send().await, "readable");
    playground
        .script("window.fetch = () => Promise.reject(new TypeError('nobody listens'))")
        .await;
    assert_eq!(playground.send().await, "failed", "the server is gone");
    let text = playground.composed().await;
    assert!(text.contains("the playground does not answer"), "{text}");
}

async fn each_tab_knows_which_policy_runs(engine: Engine) {
    let playground = Playground::open(engine).await;
    // As another tab does.
    playground
        .script("return fetch('/policy', { method: 'POST', body: 'origins = [\"https://other.example\"]' }).then(() => true)")
        .await;
    playground
        .until("return document.getElementById('state').textContent === 'Another tab applied this policy.'")
        .await;
    let toml = playground
        .script("return document.getElementById('toml').value")
        .await;
    assert_eq!(toml, "origins = [\"https://other.example\"]");
    // What is edited is kept.
    playground
        .script(
            "const text = document.getElementById('toml');
             text.value = 'origins = \"*\"';
             text.dispatchEvent(new Event('input'));
             return fetch('/policy', { method: 'POST', body: 'origins = [\"https://third.example\"]' }).then(() => true)",
        )
        .await;
    playground
        .until("return document.getElementById('state').textContent.startsWith('Another tab applied another policy.')")
        .await;
    let toml = playground
        .script("return document.getElementById('toml').value")
        .await;
    assert_eq!(toml, "origins = \"*\"");
    // A second tab takes the policy that runs, and does not replace it.
    playground.browser.client.refresh().await.expect("it opens");
    playground
        .until("return document.documentElement.dataset.ready")
        .await;
    let state = playground
        .script("return [document.getElementById('toml').value, document.querySelectorAll('.result').length]")
        .await;
    assert_eq!(state, json!(["origins = [\"https://third.example\"]", 0]));
}

async fn a_pasted_message_leads_to_the_fix(engine: Engine) {
    let playground = Playground::open(engine).await;
    let paste = |text: &str| {
        let text = json!(text);
        format!(
            "const box = document.getElementById('message');
             box.value = {text};
             box.dispatchEvent(new Event('input'));"
        )
    };
    let console = "(Reason: header ‘x-a’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response).";
    playground.script(&paste(console)).await;
    playground
        .until("return document.getElementById('diagnosis').innerText.includes('.allow_headers([\"x-a\"])')")
        .await;
    playground.script(&paste("Hello")).await;
    playground
        .until("return document.getElementById('diagnosis').innerText.startsWith('No message of')")
        .await;

    // The message that is shown with a verdict leads to its own cause.
    playground.run("not-allowed").await;
    let printed = playground
        .script("return document.querySelector('[data-scenario=not-allowed] .printed').textContent")
        .await;
    playground
        .script(&paste(printed.as_str().expect("a message")))
        .await;
    playground
        .until("return document.getElementById('diagnosis').dataset.cause === 'method-not-allowed'")
        .await;
}

async fn no_advice_is_refused_or_lets_an_attacker_in(engine: Engine) {
    let playground = Playground::open(engine).await;
    playground.run("stranger").await;
    let null = playground
        .script("const all = document.querySelectorAll('[data-scenario=stranger] .result'); return all[2].querySelector('.mend').innerText + all[2].querySelectorAll('.mend button').length")
        .await;
    let null = null.as_str().unwrap_or_default();
    assert!(
        null.starts_with("Do not allow null") && null.ends_with('0'),
        "{null}"
    );

    playground
        .compose(&json!({ "method": "patch", "path": "/monsters/1" }))
        .await;
    assert_eq!(playground.send().await, "blocked");
    let text = playground.composed().await;
    assert!(text.contains("let the page send PATCH"), "{text}");

    // With credentials, any method is a name and no wildcard; each line that is offered is one that the builder takes.
    let any = "origins = \"*\"\nmethods = \"*\"\nheaders = \"*\"\n";
    playground.apply(any).await;
    playground
        .compose(&json!({ "method": "GET", "path": "/me", "credentials": true }))
        .await;
    assert_eq!(playground.send().await, "blocked");
    let offered = playground
        .script("return document.querySelector('#composed .mend button') !== null")
        .await;
    assert_eq!(offered, true, "the origin is offered instead of `*`");
    playground
        .script("document.querySelector('#composed .mend button').click()")
        .await;
    playground
        .until("return document.querySelector('#composed .mend')?.innerText.includes('runs now')")
        .await;
    // What is offered can be tried at once, and the consequence takes the place of the result.
    playground
        .script("document.querySelector('#composed .mend button').click()")
        .await;
    playground
        .until("const mend = document.querySelector('#composed .mend'); return mend && !mend.innerText.includes('runs now') && mend.innerText.includes('credentials')")
        .await;
    let mistakes = playground
        .script("return document.querySelectorAll('#mistakes li').length")
        .await;
    assert_eq!(mistakes, 0);
}

async fn it_says_rightly_who_stopped_what(engine: Engine) {
    let playground = Playground::open(engine).await;
    let sockets = playground.texts("websocket").await;
    assert!(
        sockets[0].contains("A page that nobody allowed opened it"),
        "{sockets:?}"
    );
    assert!(sockets[1].contains("The layer stopped it"), "{sockets:?}");
    let curl = playground.texts("curl").await;
    assert!(curl[0].contains("curl got it"), "{curl:?}");
    let stranger = playground.texts("stranger").await;
    assert!(
        stranger[0].contains("The browser withheld it"),
        "{stranger:?}"
    );
    assert!(
        stranger[1].contains("The browser did not send it"),
        "{stranger:?}"
    );
    let vary = playground.texts("vary").await;
    assert!(
        vary[1].contains("It has no HTTP cache, so it cannot agree"),
        "{vary:?}"
    );
}

#[test]
fn a_page_of_a_stranger_does_not_replace_the_policy() {
    let (_program, page) = start();
    let address = page.strip_prefix("http://").expect("an address");
    let status = |origin: &str| {
        let mut stream = TcpStream::connect(address).expect("the page is served");
        let body = "origins = \"*\"";
        let length = body.len();
        write!(
            stream,
            "POST /policy HTTP/1.1\r\nhost: {address}\r\norigin: {origin}\r\ncontent-type: text/plain\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .expect("the request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.split(' ').nth(1).map(str::to_owned)
    };
    assert_eq!(status("https://evil.example").as_deref(), Some("403"));
    assert_eq!(status("null").as_deref(), Some("403"));
    assert_eq!(status(&page).as_deref(), Some("200"));
}

macro_rules! in_both {
    ($($name:ident, $chromium:ident, $firefox:ident;)*) => {$(
        #[tokio::test]
        async fn $chromium() {
            $name(Engine::Chromium).await;
        }

        #[tokio::test]
        async fn $firefox() {
            $name(Engine::Firefox).await;
        }
    )*};
}

in_both! {
    every_scenario_gives_the_verdicts_that_it_announces, chromium_gives_the_verdicts_that_every_scenario_announces, firefox_gives_the_verdicts_that_every_scenario_announces;
    the_scenarios_show_what_they_are_about, chromium_shows_what_the_scenarios_are_about, firefox_shows_what_the_scenarios_are_about;
    mistakes_stand_at_their_lines_and_the_policy_before_runs_on, chromium_shows_mistakes_at_their_lines, firefox_shows_mistakes_at_their_lines;
    what_is_blocked_is_mended_by_the_change_that_is_offered, chromium_is_satisfied_by_the_change_that_is_offered, firefox_is_satisfied_by_the_change_that_is_offered;
    a_request_is_composed_with_the_keyboard_alone, chromium_is_used_with_the_keyboard_alone, firefox_is_used_with_the_keyboard_alone;
    something_has_happened_on_the_first_screen, chromium_shows_something_at_first, firefox_shows_something_at_first;
    what_cannot_be_sent_takes_the_place_of_the_result_before, chromium_shows_what_cannot_be_sent, firefox_shows_what_cannot_be_sent;
    each_tab_knows_which_policy_runs, chromium_knows_which_policy_runs, firefox_knows_which_policy_runs;
    a_pasted_message_leads_to_the_fix, chromium_explains_a_pasted_message, firefox_explains_a_pasted_message;
    no_advice_is_refused_or_lets_an_attacker_in, chromium_gets_no_bad_advice, firefox_gets_no_bad_advice;
    it_says_rightly_who_stopped_what, chromium_says_who_stopped_what, firefox_says_who_stopped_what;
    it_fits_a_phone, chromium_fits_a_phone, firefox_fits_a_phone;
}
