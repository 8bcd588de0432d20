//! From a pasted message of a console to its cause. That engines print these messages is tested in `tests/engines`.

use std::fmt::Write as _;
use std::fs;

use proptest::prelude::*;
use tower_cors::testing::{Blocked, Browser, Cause, CorsCheck, Diagnosis, Engine, Message};

use crate::support::{PAGE, fetch, including, request, response, saying};

fn diagnose(pasted: &str) -> Diagnosis {
    Diagnosis::of(pasted).unwrap_or_else(|| panic!("nothing is known of {pasted:?}"))
}

fn cause(pasted: &str) -> Cause {
    diagnose(pasted).cause()
}

#[test]
fn a_whole_message_leads_to_its_cause() {
    for message in Message::all() {
        let filled = message
            .template()
            .replace("{url}", "https://api.example.com/monsters?a=1#b")
            .replace("{origin}", PAGE)
            .replace("{status}", "418")
            .replace(['{', '}'], "");
        let diagnosis = diagnose(&filled);
        let same = |cause| match cause {
            // These have the same words in an engine, and details tell them apart.
            Cause::OriginRepeated | Cause::OtherOriginAllowed => Cause::OtherOriginAllowed,
            Cause::PreflightRedirected | Cause::PreflightStatus => Cause::PreflightStatus,
            Cause::WebSocketRejected | Cause::NotEventStream => Cause::NotEventStream,
            Cause::RedirectNotFollowed | Cause::SchemeNotSupported => Cause::SchemeNotSupported,
            cause => cause,
        };
        // WebKit has the same words for both.
        let is_origin = diagnosis.cause() == Cause::OriginNotAllowed
            && message.cause() == Cause::OtherOriginAllowed
            && message.engine() == Engine::WebKit;
        assert!(
            is_origin || same(diagnosis.cause()) == same(message.cause()),
            "{filled} leads to {}",
            diagnosis.cause()
        );
        assert!(
            diagnosis.engines().contains(&message.engine()),
            "{filled} is of {:?}",
            diagnosis.engines()
        );
    }
}

#[test]
fn a_message_is_found_in_what_people_paste() {
    let chromium = "app.js:17 Access to fetch at 'https://api.example.com/v1/monsters?page=2&q=%22a%22' from origin \
        'http://localhost:5173' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the \
        requested resource.\nGET https://api.example.com/v1/monsters net::ERR_FAILED 200 (OK)\nUncaught (in promise) TypeError: \
        Failed to fetch\n    at app.js:17:3";
    let diagnosis = diagnose(chromium);
    assert_eq!(diagnosis.cause(), Cause::OriginNotAllowed);
    assert_eq!(diagnosis.detail("origin"), Some("http://localhost:5173"));
    assert!(
        diagnosis
            .fix()
            .contains("`.allow_origins([\"http://localhost:5173\"])`")
    );
    assert_eq!(
        diagnosis.reasons(),
        [Blocked::CorsCheck(CorsCheck::AllowOriginMissing)]
    );

    // An issue tracker's quotes, line breaks, and an end that is missing.
    let cut = "> Access to XMLHttpRequest at “https://api.example.com” from origin “https://app.example.com” has been\n> blocked by \
        CORS policy: Request header field x-trace-id is not allo";
    assert_eq!(cause(&cut.replace("\n> ", "\n")), Cause::HeaderNotAllowed);
    assert_eq!(
        diagnose(cut.trim_start_matches("> ")).detail("header"),
        Some("x-trace-id")
    );

    let cut = "has been blocked by CORS policy: Request header field x-a is not allowed by Access-Control-Allow-Headers in pre";
    assert_eq!(diagnose(cut).engines(), [Engine::Chromium]);

    // Only the part with the reason, and in JSON.
    assert_eq!(
        cause("No 'Access-Control-Allow-Origin' header is present"),
        Cause::OriginNotAllowed
    );
    assert_eq!(
        cause("header is present on the requested resource."),
        Cause::OriginNotAllowed
    );
    assert_eq!(
        cause(r#""URL scheme \"localhost\" is not supported.""#),
        Cause::SchemeNotSupported
    );

    let firefox = "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at \
        https://api.example.com/. (Reason: header ‘x-a’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS \
        preflight response).\n\nCross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at \
        https://api.example.com/. (Reason: CORS request did not succeed). Status code: (null).";
    let diagnosis = diagnose(firefox);
    assert_eq!(diagnosis.cause(), Cause::HeaderNotAllowed);
    assert_eq!(diagnosis.engines(), [Engine::Firefox]);
    assert_eq!(diagnosis.detail("url"), Some("https://api.example.com/"));

    let webkit = "[Error] Preflight response is not successful. Status code: 403\n[Error] Fetch API cannot load \
        https://api.example.com/ due to access control checks.\n[Error] Failed to load resource: Preflight response is not \
        successful. Status code: 403 (monsters, line 0)";
    let diagnosis = diagnose(webkit);
    assert_eq!(diagnosis.cause(), Cause::PreflightStatus);
    assert_eq!(diagnosis.detail("status"), Some("403"));
    assert!(
        diagnosis.fix().contains("rejected the page's origin"),
        "{diagnosis}"
    );
}

#[test]
fn a_message_without_a_reason_says_where_the_reason_is() {
    for pasted in [
        "Uncaught (in promise) TypeError: Failed to fetch",
        "TypeError: NetworkError when attempting to fetch resource.",
        "Unhandled Promise Rejection: TypeError: Load failed",
        "Fetch API cannot load https://api.example.com/ due to access control checks.",
        "XMLHttpRequest cannot load https://api.example.com/ due to access control checks.",
        "PUT https://api.example.com/ net::ERR_FAILED",
        "AxiosError: Network Error",
    ] {
        assert_eq!(cause(pasted), Cause::ReasonElsewhere, "{pasted}");
    }
    assert_eq!(
        cause("GET http://localhost:8080/ net::ERR_CONNECTION_REFUSED"),
        Cause::NoResponse
    );
}

#[test]
fn words_that_engines_use_for_two_causes_are_told_apart() {
    let firefox = |value: &str| {
        format!("(Reason: CORS header ‘Access-Control-Allow-Origin’ does not match ‘{value}’).")
    };
    let repeated = diagnose(&firefox("*, https://app.example.com"));
    assert_eq!(repeated.cause(), Cause::OriginRepeated);
    assert_eq!(
        repeated.reasons(),
        [
            Blocked::CorsCheck(CorsCheck::AllowOriginRepeated),
            Blocked::PreflightCorsCheck(CorsCheck::AllowOriginRepeated),
        ]
    );
    assert_eq!(
        cause(&firefox("https://other.example.com")),
        Cause::OtherOriginAllowed
    );

    let webkit = |status: u16| {
        diagnose(&format!(
            "Preflight response is not successful. Status code: {status}"
        ))
    };
    assert_eq!(webkit(301).cause(), Cause::PreflightRedirected);
    assert!(webkit(401).fix().starts_with("Authentication"));
    assert!(webkit(405).fix().starts_with("The router"));
    assert!(webkit(503).fix().starts_with("The service is down"));

    let server = "Firefox can’t establish a connection to the server at";
    assert_eq!(
        cause(&format!("{server} wss://api.example.com/.")),
        Cause::WebSocketRejected
    );
    assert_eq!(
        cause(&format!("{server} https://api.example.com/.")),
        Cause::NotEventStream
    );
}

#[test]
fn no_advice_lets_every_page_in() {
    let null =
        diagnose("Origin null is not allowed by Access-Control-Allow-Origin. Status code: 200");
    assert!(null.fix().contains("without credentials"), "{null}");
    assert!(
        null.fix().contains("Any page can have this origin"),
        "{null}"
    );
    let patch = diagnose(
        "Method patch is not allowed by Access-Control-Allow-Methods in preflight response.",
    );
    assert!(
        patch.fix().contains(".allow_methods([\"PATCH\"])"),
        "{patch}"
    );
    assert!(!patch.fix().contains("[\"patch\"]"), "{patch}");
    // What a message names cannot add to a line of code.
    let forged = "Request header field a\"]).allow_any_origin().foo([\" is not allowed by Access-Control-Allow-Headers.";
    assert!(!diagnose(forged).fix().contains("allow_any_origin"));
    for cause in Cause::ALL {
        assert!(!cause.fix().contains("allow_any_origin"), "{cause}");
    }
}

#[test]
fn other_texts_are_not_known() {
    for pasted in [
        "",
        " ",
        "'",
        "Hello",
        "Uncaught ReferenceError: a is not defined",
        "{url}",
        "Status code: 200",
    ] {
        assert_eq!(Diagnosis::of(pasted), None, "{pasted}");
    }
}

#[test]
fn a_readable_response_prints_nothing() {
    let answer = saying(&[("access-control-allow-origin", "*")]);
    let outcome = fetch(&mut Browser::at(PAGE), answer, request("GET", &[]));
    for engine in Engine::ALL {
        assert_eq!(outcome.console(engine), [""; 0]);
    }
}

#[test]
fn values_of_the_service_are_printed_once() {
    // A value that looks like a placeholder is not filled again.
    let answer = |_: &_| response(200, &[("access-control-allow-origin", "https://{origin}{")]);
    let outcome = fetch(
        &mut Browser::at(PAGE),
        answer,
        including(request("GET", &[])),
    );
    let printed = outcome.console(Engine::Firefox);
    assert!(
        printed[0].contains("does not match ‘https://{origin}{’"),
        "{printed:?}"
    );
}

#[test]
fn every_cause_has_words() {
    for (position, cause) in Cause::ALL.iter().enumerate() {
        assert!(
            cause.summary().ends_with('.') && cause.fix().ends_with(['.', '?']),
            "{cause}"
        );
        assert!(
            Cause::ALL[..position]
                .iter()
                .all(|other| other.code() != cause.code()),
            "{cause}"
        );
        assert!(
            Message::all().any(|message| message.cause() == *cause),
            "no message has the cause {cause}"
        );
    }
}

/// Returns the rows of the guide's table: each message, who prints it, and where it leads.
fn rows() -> String {
    let mut rows = String::new();
    for cause in Cause::ALL {
        let mut messages: Vec<(&str, Vec<String>)> = Vec::new();
        for message in Message::all().filter(|message| message.cause() == *cause) {
            let engine = message.engine().to_string();
            match messages
                .iter_mut()
                .find(|(text, _)| *text == message.template())
            {
                Some((_, engines)) if engines.contains(&engine) => {}
                Some((_, engines)) => engines.push(engine),
                None => messages.push((message.template(), vec![engine])),
            }
        }
        for (template, engines) in messages {
            let mut text = template.to_owned();
            for name in ["url", "origin", "method", "header", "status", "value"] {
                text = text.replace(&format!("{{{name}}}"), "…");
            }
            let fence = if text.contains('`') { "``" } else { "`" };
            let code = cause.code();
            let engines = engines.join(", ");
            writeln!(
                rows,
                "| {fence}{text}{fence} | {engines} | [{}](#{code}) |",
                heading(*cause)
            )
            .expect("a text");
        }
    }
    rows
}

fn heading(cause: Cause) -> String {
    let words = cause.code().replace('-', " ");
    let (first, rest) = words.split_at(1);
    format!("{}{rest}", first.to_ascii_uppercase())
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_guide_has_every_message_that_the_engines_were_seen_to_print() {
    let guide = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/troubleshooting.md"
    ));
    let guide = guide.expect("the guide");
    let mut sections = guide.split("\n# ");
    let messages = sections.find(|section| section.starts_with("Messages\n"));
    let table: String = messages
        .expect("a section of messages")
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(
        table,
        rows(),
        "the table of the guide should be\n{}",
        rows()
    );
    for cause in Cause::ALL {
        let heading = heading(*cause);
        // The causes follow each other in the guide as they do in the crate.
        let section = sections.find(|section| section.starts_with(&format!("{heading}\n")));
        let section = section.unwrap_or_else(|| panic!("no section {heading:?} in this place"));
        let section = words(section);
        for sentence in [cause.summary(), cause.fix()] {
            assert!(
                section.contains(&words(sentence)),
                "{heading} should say: {sentence}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), cut in 0_usize..400, message in 0_usize..200) {
        let _ = Diagnosis::of(&text);
        let all: Vec<_> = Message::all().collect();
        let template = all[message % all.len()].template();
        let chars: Vec<char> = template.chars().collect();
        let cut = cut % (chars.len() + 1);
        for part in [&chars[..cut], &chars[cut..]] {
            let part: String = part.iter().collect();
            let _ = Diagnosis::of(&format!("{part}{text}")).map(|diagnosis| diagnosis.to_string());
            let _ = Diagnosis::of(&format!("{text}{part}")).map(|diagnosis| diagnosis.to_string());
        }
    }
}
