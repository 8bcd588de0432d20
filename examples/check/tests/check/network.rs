//! TLS, HTTP/2, redirects, and the helpful error for each way not to get an answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex};

use crate::certificates::Certificates;
use crate::program::{APP, Printed, json, program, run};
use crate::servers::{Nginx, Reserved, answer, answering, raw, read_head, serve};

const URL: &str = "https://api.example.com/monsters";

#[track_caller]
fn assert_no_answer(printed: &Printed, sentence: &str, help: &str) {
    printed
        .assert_code(3)
        .assert_says("no answer: ")
        .assert_says(sentence)
        .assert_says(help);
}

fn arguments<'a>(nginx: &'a [String; 4], more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![APP];
    arguments.extend(more);
    arguments.extend(nginx.iter().map(String::as_str));
    arguments
}

const ALLOWS: &str = r#"
    location / {
        add_header Access-Control-Allow-Origin https://app.example.com always;
        add_header Vary Origin always;
        add_header Access-Control-Allow-Methods PUT always;
        return 200 "ok";
    }
    location /old { add_header Access-Control-Allow-Origin https://app.example.com; add_header Vary Origin; return 308 /monsters; }
"#;

#[test]
fn tls_and_http2_and_redirects() {
    let nginx = Nginx::start("", ALLOWS);
    let to_nginx = nginx.arguments();
    let printed = run(arguments(&to_nginx, &["PUT", URL]));
    printed
        .assert_code(0)
        .assert_says("HTTP/2, TLS 1.3, 127.0.0.1:");
    assert_eq!(
        nginx.connections(),
        1,
        "one connection serves both requests"
    );
    run(arguments(&to_nginx, &["PUT", URL, "--http1.1"]))
        .assert_code(0)
        .assert_says("HTTP/1.1, TLS 1.3");
    let redirected = json(arguments(&to_nginx, &["https://api.example.com/old"]));
    assert_eq!(redirected["verdict"], "allowed", "{redirected:#}");
    let urls: Vec<&str> = redirected["exchanges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["url"].as_str().unwrap())
        .collect();
    assert_eq!(urls, ["https://api.example.com/old", URL]);
}

#[test]
fn a_redirect_from_http_to_https_is_followed_over_tls() {
    let nginx = Nginx::start("", ALLOWS);
    let plain = serve(answering(|_| {
        answer(
            301,
            &[
                ("access-control-allow-origin", "http://app.example.com"),
                ("vary", "origin"),
                ("location", URL),
            ],
        )
    }));
    let resolve = format!("api.example.com:80:{}", plain.address);
    let to_nginx = nginx.arguments();
    let mut line = vec![
        "http://app.example.com",
        "http://api.example.com/monsters",
        "--resolve",
        &resolve,
    ];
    line.extend(to_nginx.iter().map(String::as_str));
    let json = json(line);
    let protocols: Vec<&str> = json["exchanges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["protocol"].as_str().unwrap())
        .collect();
    assert_eq!(protocols, ["HTTP/1.1", "HTTP/2, TLS 1.3"], "{json:#}");
    assert_eq!(json["cause"]["code"], "redirected", "{json:#}");
}

#[test]
fn no_such_host() {
    let printed = run([APP, "https://no-such-host.invalid/"]);
    assert_no_answer(
        &printed,
        "There is no host `no-such-host.invalid`",
        "spelling",
    );
}

#[test]
fn refused() {
    let reserved = Reserved::new();
    let address = reserved.address().to_string();
    let printed = run([APP, &format!("http://{address}/")]);
    assert_no_answer(
        &printed,
        &format!("The connection to {address} is refused"),
        "Start the server",
    );
    let resolve = format!("api.example.com:443:{address}");
    let printed = run([APP, URL, "--resolve", &resolve]);
    assert_no_answer(
        &printed,
        &format!("api.example.com ({address})"),
        "Start the server",
    );
}

#[test]
fn the_certificate_of_another_name() {
    let nginx =
        Nginx::with_certificates(Certificates::for_names(&["other.example.com"]), "", ALLOWS);
    let printed = run(arguments(&nginx.arguments(), &[URL]));
    assert_no_answer(
        &printed,
        "The certificate is not for the name `api.example.com`",
        "use a name of the certificate",
    );
    printed.assert_says("other.example.com");
}

#[test]
fn a_certificate_that_nobody_trusts() {
    let nginx = Nginx::start("", ALLOWS);
    let to_nginx = nginx.arguments();
    let printed = run([APP, URL, &to_nginx[0], &to_nginx[1]]);
    assert_no_answer(
        &printed,
        "issued by nobody whom this machine trusts",
        "--cacert FILE",
    );
}

#[test]
fn an_expired_certificate() {
    let nginx = Nginx::with_certificates(Certificates::expired(&["api.example.com"]), "", ALLOWS);
    let printed = run(arguments(&nginx.arguments(), &[URL]));
    assert_no_answer(&printed, "is not valid now", "renew the certificate");
}

#[test]
fn a_server_without_tls() {
    let server = serve(answering(|_| answer(200, &[])));
    let resolve = format!("api.example.com:443:{}", server.address);
    let printed = run([APP, URL, "--resolve", &resolve]);
    assert_no_answer(&printed, "does not speak TLS", "`http://`");
}

#[test]
fn a_server_that_does_not_answer() {
    let silent = raw(|mut stream| {
        // Until the program gives up.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let printed = run([APP, &format!("http://{silent}/"), "--timeout", "0.2"]);
    assert_no_answer(
        &printed,
        &format!("Waited 0.2 s for an answer of {silent}"),
        "--timeout SECONDS",
    );
    let resolve = format!("api.example.com:443:{silent}");
    let printed = run([APP, URL, "--resolve", &resolve, "--timeout", "0.2"]);
    assert_no_answer(
        &printed,
        "for TLS with api.example.com",
        "--timeout SECONDS",
    );
}

#[test]
fn what_is_not_http() {
    let ssh = raw(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n");
        read_head(&mut stream);
    });
    let printed = run([APP, &format!("http://{ssh}/")]);
    assert_no_answer(&printed, "is not an HTTP server", "Check the port");
    let closes = raw(|mut stream| {
        read_head(&mut stream);
    });
    let printed = run([APP, &format!("http://{closes}/")]);
    assert_no_answer(
        &printed,
        "closed the connection without an answer",
        "server's log",
    );
}

#[test]
fn wrong_use_sends_nothing() {
    let server = serve(answering(|_| answer(200, &[])));
    let url = server.url();
    let cases: &[(&[&str], &str)] = &[
        (
            &["app.example.com", &url],
            "is not the address of a page: it has no scheme",
        ),
        (&["ws://app.example.com", &url], "is not the URL of a page"),
        (&[APP, "api.example.com"], "is not the URL of a server"),
        (
            &[APP, &url, "--cacert", "/no/such/file"],
            "cannot be used as --cacert",
        ),
        (&[APP, &url, "--cookie", "a=1; Domain=other.example"], "a=1"),
    ];
    for (line, error) in cases {
        let printed = run(line.iter().copied());
        printed.assert_code(2);
        assert!(
            printed.error.contains(error) && printed.out.is_empty(),
            "{printed:?}"
        );
    }
    assert!(server.requests().is_empty());
}

#[test]
fn cookies_are_sent_only_with_the_request_itself() {
    let server = serve(answering(|_| {
        let lists = [
            ("access-control-allow-methods", "PUT"),
            ("access-control-allow-credentials", "true"),
        ];
        answer(
            200,
            &[
                ("access-control-allow-origin", APP),
                ("vary", "origin"),
                lists[0],
                lists[1],
            ],
        )
    }));
    let printed = run([APP, "PUT", &server.url(), "--cookie", "session=top-secret"]);
    printed
        .assert_code(0)
        .assert_says("> cookie: (not shown)")
        .assert_says_not("top-secret");
    let sent = server.requests();
    assert!(!sent[0].headers.contains_key("cookie"));
    assert_eq!(sent[1].headers["cookie"], "session=top-secret");
}

#[test]
fn the_preflight_alone() {
    let server = serve(answering(|_| {
        answer(
            204,
            &[
                ("access-control-allow-origin", APP),
                ("access-control-allow-methods", "PUT"),
            ],
        )
    }));
    let url = server.url();
    let printed = run([APP, "PUT", &url, "--preflight-only"]);
    printed
        .assert_code(0)
        .assert_says("allowed so far: the preflight lets a page");
    run([APP, "GET", &url, "--preflight-only"])
        .assert_code(3)
        .assert_says("needs no preflight");
    run([APP, "DELETE", &url, "--preflight-only"])
        .assert_code(1)
        .assert_says("does not allow the method DELETE");
    assert_eq!(server.methods(), ["OPTIONS", "OPTIONS"]);
}

#[test]
fn an_endless_answer_is_judged_by_its_head() {
    let events = raw(|mut stream| {
        read_head(&mut stream);
        let head = format!(
            "HTTP/1.1 200 OK\r\naccess-control-allow-origin: {APP}\r\nvary: origin\r\ncontent-type: text/event-stream\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(&[b'a'; 65_536]).is_ok() {}
    });
    run([APP, &format!("http://{events}/")])
        .assert_code(0)
        .assert_says("allowed: ");
}

#[test]
fn a_connection_that_was_closed_is_opened_again() {
    // It answers each connection once, and does not say that it closes it.
    let server = raw(|mut stream| {
        read_head(&mut stream);
        let head = format!(
            "HTTP/1.1 204 No Content\r\naccess-control-allow-origin: {APP}\r\naccess-control-allow-methods: PUT\r\nvary: origin\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes());
    });
    run([APP, "PUT", &format!("http://{server}/")])
        .assert_code(0)
        .assert_says("allowed: ");
}

#[test]
fn a_user_who_waits_is_told_for_what() {
    let go: Arc<(Mutex<bool>, Condvar)> = Arc::default();
    let waits = Arc::clone(&go);
    let server = raw(move |mut stream| {
        read_head(&mut stream);
        let (is_told, changed) = &*waits;
        let guard = is_told.lock().expect("no test panics here");
        drop(
            changed
                .wait_while(guard, |is_told| !*is_told)
                .expect("no test panics here"),
        );
        let _ =
            stream.write_all(b"HTTP/1.1 204 No Content\r\naccess-control-allow-origin: *\r\n\r\n");
    });
    let url = format!("http://{server}/");
    let mut command = program([APP, url.as_str(), "--timeout", "60"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stderr.take().expect("a pipe"))
        .read_line(&mut line)
        .expect("text");
    assert_eq!(line, format!("1 s: waiting for GET {url}\n"));
    *go.0.lock().expect("no test panics here") = true;
    go.1.notify_all();
    assert!(child.wait().expect("it ends").success());
}
