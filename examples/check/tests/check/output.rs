//! A hostile server cannot control the terminal, and JSON is JSON.

use std::collections::BTreeSet;
use std::io::Write;

use crate::certificates::Certificates;
use crate::program::{APP, Printed, json, run};
use crate::servers::{Nginx, raw, read_head};

/// Clears the screen, hides what follows and reorders it, in the bytes that HTTP has for values.
const HOSTILE: &[u8] = b"\x9b2J\x9b8m\xc2\x9b31m\xe2\x80\xae\tallowed: \\x1b";

/// A server that puts hostile bytes into each header that the program prints.
fn hostile() -> String {
    let address = raw(|mut stream| {
        while read_head(&mut stream).contains("HTTP/1.1") {
            let mut answer = b"HTTP/1.1 302 \xff\x9b2J\r\ncontent-length: 0\r\n".to_vec();
            for name in [
                "access-control-allow-origin",
                "access-control-allow-headers",
                "access-control-allow-methods",
                "access-control-allow-credentials",
                "access-control-max-age",
                "location",
                "server",
                "vary",
                "via",
                "www-authenticate",
                "x-cors-decision",
            ] {
                answer.extend([name.as_bytes(), b": ", HOSTILE, b"\r\n"].concat());
            }
            answer.extend(b"\r\n");
            if stream.write_all(&answer).is_err() {
                break;
            }
        }
    });
    format!("http://{address}/monsters")
}

#[track_caller]
fn assert_harmless(printed: &Printed) {
    for text in [&printed.out, &printed.error] {
        let is_harmful = |c: char| {
            c.is_control() && c != '\n'
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!text.contains(is_harmful), "{text:?}");
    }
}

#[test]
fn no_byte_of_a_server_reaches_the_terminal() {
    let url = hostile();
    let lines: [&[&str]; 6] = [
        &[APP, &url],
        &[APP, "PUT", &url, "-H", "x-a: b", "--credentials"],
        &[APP, &url, "--json"],
        &[APP, &url, "--audit"],
        &[APP, &url, "--audit", "--json"],
        &[APP, "--via", &url, "--direct", &url],
    ];
    for line in lines {
        let printed = run(line.iter().copied());
        assert!(printed.code == 1, "{line:?}: {printed:?}");
        assert_harmless(&printed);
    }
    let shown = run([APP, &url]);
    shown.assert_says("\\x9b2J\\x9b8m\\xc2\\x9b31m\\xe2\\x80\\xae\\x09allowed: \\\\x1b");
    // What is no HTTP is not printed either.
    let address = raw(|mut stream| {
        read_head(&mut stream);
        let _ = stream
            .write_all(b"HTTP/1.1 200 \x1b[2J\r\nserver: \x1b]0;title\x07\r\n\x1b[2J: a\r\n\r\n");
    });
    let printed = run([APP, &format!("http://{address}/")]);
    printed.assert_code(3);
    assert_harmless(&printed);
}

#[test]
fn no_byte_of_a_certificate_reaches_the_terminal() {
    let nginx = Nginx::with_certificates(
        Certificates::for_names(&["evil\u{1b}[2Jexample.com"]),
        "",
        "return 200;",
    );
    let to_nginx = nginx.arguments();
    let line = [APP, "https://api.example.com/"]
        .into_iter()
        .chain(to_nginx.iter().map(String::as_str));
    let printed = run(line);
    printed.assert_code(3);
    assert_harmless(&printed);
}

#[test]
fn no_byte_of_the_command_line_reaches_the_terminal() {
    for line in [
        ["\x1b[2J", "https://api.example.com"],
        [APP, "https://api.example.com/\x1b[2J\u{202e}"],
        [APP, "--\x1b[2J"],
    ] {
        assert_harmless(&run(line));
    }
}

#[test]
fn json_says_all_that_the_text_says() {
    let json = json([APP, "PUT", &hostile(), "-H", "authorization: Bearer secret"]);
    assert_eq!(json["verdict"], "blocked");
    assert_eq!(json["page"], APP);
    assert_eq!(json["browser"], "Chromium");
    let exchange = &json["exchanges"][0];
    assert_eq!(exchange["method"], "OPTIONS");
    assert_eq!(exchange["status"], 302);
    assert_eq!(exchange["protocol"], "HTTP/1.1");
    assert!(
        exchange["request_headers"]
            .to_string()
            .contains("access-control-request-method")
    );
    assert!(!json.to_string().contains("secret"));
}

#[test]
fn help_names_the_exit_codes() {
    run(["--help"])
        .assert_code(0)
        .assert_says("Exit codes: 0 the page can read the response");
}

const GUIDE: &str = include_str!("../../../../docs/check.md");

#[test]
fn the_guide_shows_what_the_program_prints() {
    let nginx = Nginx::start(
        "server_tokens off;",
        r#"location / {
            add_header Access-Control-Allow-Origin https://app.example.com always;
            add_header Vary Origin always;
            add_header Access-Control-Allow-Credentials true always;
            add_header Access-Control-Allow-Methods PUT always;
            add_header Access-Control-Allow-Headers x-requested-with always;
            if ($request_method = OPTIONS) { return 204; }
            return 200;
        }"#,
    );
    let to_nginx = nginx.arguments();
    let line = [
        APP,
        "PUT",
        "https://api.example.com/monsters",
        "-H",
        "content-type: application/json",
        "--credentials",
    ];
    let printed = run(line.into_iter().chain(to_nginx.iter().map(String::as_str)));
    let (_, shown) = GUIDE.split_once("```text\n").expect("a report");
    let (shown, _) = shown.split_once("```").expect("its end");
    // The address and the time are those of the machine.
    let same = |text: &str| {
        let lines = text.lines().map(|line| match line.split_once("TLS 1.3, ") {
            Some((before, _)) => before.to_owned(),
            None => line.to_owned(),
        });
        lines.collect::<Vec<String>>()
    };
    assert_eq!(same(&printed.out), same(shown));
}

#[test]
fn the_guide_has_each_option_and_no_other() {
    let help = run(["--help"]).out;
    let options = |text: &str| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c));
        let options = words
            .filter(|word| word.starts_with("--") && !word.starts_with("---") && word.len() > 2);
        options
            .map(|word| word.trim_end_matches('.').to_owned())
            .collect::<BTreeSet<String>>()
    };
    let mut expected = options(&help);
    expected.remove("--help");
    assert_eq!(options(GUIDE), expected);
}
