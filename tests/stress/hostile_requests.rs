//! Hostile requests, whose text must reach logs and responses escaped and cut.

use std::collections::BTreeSet;
use std::future::ready;
use std::io::Write;
use std::sync::{Arc, Mutex};

use http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, ORIGIN,
};
use http::{HeaderValue, Method, Request};
use tower_cors::{CorsLayer, DynamicPolicies, Enforcement, Policy, PolicyBuilder};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{APP, app_only, built, send_through};

#[path = "../support/events.rs"]
mod recorded;

use recorded::{Events, subscribed};

/// What a stranger writes where nobody looks: terminal sequences, new lines, the ends of strings, quotes and labels.
const WRITINGS: [&[u8]; 12] = [
    b"\x1b[31mred\x1b[0m",
    b"\x9b31mred",
    b"one\r\n2026-01-01T00:00:00Z ERROR all is lost",
    b"\0\x07\x08\x7f\t",
    b"\" decision=\"allowed\" x=\"",
    br#"","decision":"allowed","x":""#,
    br#"\","decision":"allowed\"#,
    b"evil.example\"} 1\ncors_requests_total{reason=\"x",
    "\u{202e}elpmaxe.live//:sptth\u{2028}\u{85}\u{9b}".as_bytes(),
    b"\xff\xfe\xc3\x28",
    b"%0d%0a%1b{}${jndi:ldap://evil.example}",
    b"https://evil.example",
];

/// The longest event or explanation, in bytes.
const LONGEST: usize = 4096;

/// Each writing alone, after a scheme, and repeated to 8 KiB.
fn writings() -> impl Iterator<Item = Vec<u8>> {
    WRITINGS.into_iter().flat_map(|writing| {
        let long = writing.repeat(8192 / writing.len());
        [writing.to_vec(), [b"https://", writing].concat(), long]
    })
}

/// The nearest to `bytes` that a server takes for a header value.
fn value(bytes: &[u8]) -> HeaderValue {
    let taken = |byte: &u8| (*byte >= b' ' && *byte != 0x7f) || *byte == b'\t';
    let bytes: Vec<u8> = bytes.iter().copied().filter(taken).collect();
    HeaderValue::from_bytes(&bytes).expect("what is not taken is left out")
}

/// The nearest to `bytes` that a server takes for a method.
fn method(bytes: &[u8]) -> Method {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let token: Vec<u8> = bytes.iter().copied().filter(is_token).collect();
    Method::from_bytes(&token).unwrap_or(Method::GET)
}

/// Requests with a writing in each place that the layer reads.
fn attacks() -> Vec<(Method, HeaderMap)> {
    let mut attacks = Vec::new();
    let mut add = |method: Method, headers: &[(http::HeaderName, HeaderValue)]| {
        attacks.push((method, headers.iter().cloned().collect()));
    };
    let app = HeaderValue::from_static(APP);
    for writing in writings() {
        let text = value(&writing);
        add(method(&writing), &[(ORIGIN, text.clone())]);
        add(
            Method::GET,
            &[(ORIGIN, text.clone()), (ORIGIN, app.clone())],
        );
        add(method(&writing), &[(ORIGIN, app.clone())]);
        let asked = (ACCESS_CONTROL_REQUEST_METHOD, text.clone());
        for origin in [&text, &app] {
            add(Method::OPTIONS, &[(ORIGIN, origin.clone()), asked.clone()]);
        }
        // 64 KiB of names, in one line and in many.
        let asked = (
            ACCESS_CONTROL_REQUEST_METHOD,
            HeaderValue::from_static("PUT"),
        );
        let long = value(&writing.repeat(65_536 / writing.len()));
        let mut headers = vec![(ORIGIN, app.clone()), asked];
        headers.push((ACCESS_CONTROL_REQUEST_HEADERS, long));
        add(Method::OPTIONS, &headers);
        headers.pop();
        headers.extend((0..256).map(|_| (ACCESS_CONTROL_REQUEST_HEADERS, text.clone())));
        add(Method::OPTIONS, &headers);
    }
    attacks
}

fn policies() -> [Policy; 4] {
    let of_pattern = Policy::builder().allow_origins(["https://*.example.com"]);
    [
        built(app_only()),
        built(PolicyBuilder::public()),
        built(
            of_pattern
                .allow_credentials(true)
                .allow_any_method()
                .allow_any_header(),
        ),
        built(app_only().allow_origins_where(|_| panic!("asked"))),
    ]
}

/// A source that fails with each writing as its reason, in a scope of the client's choice.
fn failing() -> DynamicPolicies {
    let errors = Mutex::new(writings().collect::<Vec<_>>().into_iter().cycle());
    DynamicPolicies::new(move |_, _| {
        let error = errors.lock().expect("no panic").next();
        let error = String::from_utf8_lossy(&error.unwrap_or_default()).into_owned();
        ready(Err::<Option<Policy>, _>(error.repeat(8)))
    })
    .scope(|head| {
        let chosen = head.headers().get("x-tenant").map(HeaderValue::as_bytes);
        percent_decoded(chosen.unwrap_or_default())
    })
}

/// As applications decode, so that every byte can be in a scope.
fn percent_decoded(text: &[u8]) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        rest = match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                &tail[2..]
            }
            _ => {
                bytes.push(*first);
                tail
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn send_to(layer: &CorsLayer, method: &Method, headers: &HeaderMap) -> Option<String> {
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.headers_mut() = headers.clone();
    let answer = send_through(layer, &[], request);
    answer.header("x-cors-decision").map(str::to_owned)
}

/// Sends every attack to every kind of layer, and returns what the responses tell of the decisions.
fn attack() -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for policy in policies() {
        for enforcement in [Enforcement::Report, Enforcement::Block] {
            // Of any origin, it would reject nothing, which is an event of its own.
            let enforces = !policy.allows_any_origin();
            let enforcement = if enforces {
                enforcement
            } else {
                Enforcement::Off
            };
            let layer = CorsLayer::new(policy.clone())
                .explain_in_response(true)
                .enforce(enforcement);
            for (method, headers) in attacks() {
                told.extend(send_to(&layer, &method, &headers));
            }
        }
    }
    let layer = CorsLayer::new(failing()).explain_in_response(true);
    for writing in writings() {
        let encoded: String = writing.iter().map(|byte| format!("%{byte:02x}")).collect();
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static(APP));
        headers.insert(
            "x-tenant",
            HeaderValue::try_from(encoded).expect("hexadecimal"),
        );
        told.extend(send_to(&layer, &Method::GET, &headers));
    }
    told
}

/// Whether nothing in a line does anything to a terminal, to other lines or to a reader's eyes.
fn is_harmless(text: &str) -> bool {
    text.chars()
        .all(|c| c == ' ' || c.is_ascii_graphic() || c == '…')
}

fn is_code(value: &str) -> bool {
    const CODES: &[&str] = &[
        "allowed",
        "not-cors",
        "same-origin",
        "host-not-allowed",
        "host-malformed",
        "cross-site-request",
        "websocket-without-origin",
        "read-only",
        "origin-not-allowed",
        "null-origin-not-allowed",
        "file-origin-not-allowed",
        "origin-malformed",
        "origin-repeated",
        "lookup-failed",
        "no-snapshot",
        "predicate-panicked",
        "insecure-origin-not-allowed",
        "predicate-accepts-strangers",
        "method-not-allowed",
        "header-not-allowed",
        "request-method-malformed",
        "request-headers-malformed",
    ];
    CODES.contains(&value) || value == "request-headers-too-long"
}

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What a subscriber that writes to `output` wrote during the attack.
fn written(
    subscriber: impl tracing::Subscriber + Send + Sync + 'static,
    output: &Output,
) -> Vec<String> {
    subscribed(subscriber, attack);
    let bytes = std::mem::take(&mut *output.0.lock().expect("no panic"));
    let text = String::from_utf8(bytes).expect("text");
    text.split_terminator('\n').map(str::to_owned).collect()
}

/// One event for each request that is sent, and one more for each failure of the source.
fn events_of_the_attack() -> usize {
    attacks().len() * policies().len() * 2 + writings().count() * 2
}

#[test]
fn d1_what_a_stranger_sends_is_escaped_and_cut_before_a_subscriber_sees_it() {
    let events = Events::default();
    let subscriber = tracing_subscriber::registry().with(events.clone());
    subscribed(subscriber, attack);
    let events = events.taken();
    assert_eq!(events.len(), events_of_the_attack());
    for event in events {
        assert!(is_harmless(&event), "{event:?}");
        assert!(event.len() <= LONGEST, "{} bytes: {event}", event.len());
    }
}

#[test]
fn d1_in_a_log_of_lines_an_attack_is_one_harmless_line_a_request() {
    let output = Output::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(output.clone());
    let lines = written(subscriber.finish(), &output);
    assert_eq!(lines.len(), events_of_the_attack());
    for line in lines {
        assert!(is_harmless(&line), "{line:?}");
        assert!(line.len() <= LONGEST, "{} bytes: {line}", line.len());
        assert!(line.contains(" tower_cors: "), "{line}");
    }
}

#[test]
fn d1_in_a_log_of_json_an_attack_adds_no_field_and_changes_none_of_ours() {
    let output = Output::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(output.clone());
    let lines = written(subscriber.finish(), &output);
    assert_eq!(lines.len(), events_of_the_attack());
    for line in lines {
        assert!(is_harmless(&line), "{line:?}");
        // JSON escapes the backslashes of our escapes once more.
        assert!(line.len() <= 2 * LONGEST, "{} bytes: {line}", line.len());
        let event: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let fields = event["fields"].as_object().expect("fields");
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        let text = |name: &str| fields[name].as_str().expect("text");
        if event["level"] == "ERROR" {
            assert_eq!(names, ["error", "message", "origin", "scope"]);
            assert_eq!(text("message"), "the lookup of a policy failed");
            continue;
        }
        let ours = [
            "decision",
            "enforcement",
            "kind",
            "method",
            "origin",
            "reason",
        ];
        assert_eq!(names, ours);
        assert!(["allowed", "rejected", "not-cors", "same-origin"].contains(&text("decision")));
        assert!(["none", "would-block", "blocked"].contains(&text("enforcement")));
        assert!(["actual", "preflight", "not-cors"].contains(&text("kind")));
        assert!(is_code(text("reason")), "{line}");
    }
}

#[test]
fn d1_an_explanation_of_an_attack_is_one_harmless_sentence() {
    for policy in policies() {
        for (method, headers) in attacks() {
            let explanation = policy.explain(&method, &headers).to_string();
            assert!(is_harmless(&explanation), "{explanation:?}");
            assert!(explanation.len() <= LONGEST, "{explanation}");
        }
    }
}

#[test]
fn d2_whatever_is_sent_the_response_tells_one_of_the_known_decisions() {
    let told = attack();
    for note in &told {
        assert!(
            is_code(note.strip_prefix("rejected; ").unwrap_or(note)),
            "{note}"
        );
    }
    assert!(told.len() > 8, "few decisions were tried: {told:?}");
}
