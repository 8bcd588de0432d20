//! `beacon/`

use std::cell::Cell;
use std::convert::Infallible;
use std::future::ready;

use futures_util::FutureExt;
use http::{Request, Response};
use tower::service_fn;
use tower_cors::testing::{Browser, Fetch, Outcome, ResponseType};

use super::{File, Files, LOCAL, REMOTE, at, fetch, fetch_in, last, preflights, sent};

/// Beacons of no data, a text, a blob, an `ArrayBuffer` and a form, and the types with which they are sent.
const SAMPLES: [(&str, usize, Option<&str>); 10] = [
    ("no data", 0, None),
    ("null", 0, None),
    ("undefined", 0, None),
    ("a text", 13, Some("text/plain;charset=UTF-8")),
    ("a blob", 13, None),
    ("a buffer", 13, None),
    ("a form", 13, Some("multipart/form-data; boundary=x")),
    (
        "an encoded blob",
        13,
        Some("application/x-www-form-urlencoded"),
    ),
    ("an empty form", 0, Some("multipart/form-data; boundary=x")),
    ("a text blob", 13, Some("text/plain")),
];

fn beacon(url: &str, length: usize, content_type: Option<&str>) -> Fetch<String> {
    let beacon = Fetch::beacon(url, String::new());
    let beacon = match content_type {
        Some(content_type) => beacon.content_type(content_type),
        None => beacon.without_body(),
    };
    match (length, content_type) {
        (0, None) => beacon,
        _ => beacon.body_source(move || "*".repeat(length)),
    }
}

fn arrives(outcome: &Outcome<String>) -> bool {
    outcome
        .actual()
        .is_some_and(|actual| actual.method() == "POST" && actual.status().is_some())
}

/// Sends a blob without a type, or an array of bytes. Returns how many bytes arrive with POST.
fn send_bytes(length: usize) -> (Outcome<String>, Option<usize>) {
    let received = Cell::new(None);
    let mut service = service_fn(|request: Request<Vec<u8>>| {
        if request.method() == "POST" {
            received.set(Some(request.body().len()));
        }
        ready(Ok::<_, Infallible>(Response::new(String::new())))
    });
    let beacon = Fetch::beacon(at(LOCAL, &[]), Vec::new()).bytes(vec![b'*'; length]);
    let outcome = Browser::at(LOCAL)
        .fetch(&mut service, beacon)
        .now_or_never()
        .expect("nothing waits");
    (outcome, received.get())
}

fn samples(file: &mut File, url: &str, name: &str, mut page: Browser) {
    for (sample, length, content_type) in SAMPLES {
        let outcome = fetch_in(&mut page, beacon(url, length, content_type));
        let holds = arrives(&outcome)
            && preflights(&outcome) == 0
            && last(&outcome, "content-type") == content_type;
        file.check(format!("{sample} {name}"), holds, &outcome);
    }
}

pub(super) fn run(files: &mut Files) {
    files.file("beacon/beacon-cors.sub.window.js", |file| {
        let allow = ("access-control-allow-credentials", "true");
        samples(file, &at(REMOTE, &[allow]), "allowed", Browser::at(LOCAL));
        samples(
            file,
            &at(REMOTE, &[("origin", "none")]),
            "denied",
            Browser::at(LOCAL),
        );
        let url = at(
            REMOTE,
            &[allow, ("access-control-allow-headers", "content-type")],
        );
        let outcome = fetch(beacon(&url, 13, Some("text/html")));
        file.check(
            "preflighted",
            arrives(&outcome) && preflights(&outcome) == 1,
            &outcome,
        );
    });
    let text = Some("text/plain;charset=UTF-8");
    files.file("beacon/beacon-basic-string.html", |file| {
        for (length, content_type) in [
            (0, None),
            (0, None),
            (0, None),
            (13, text),
            (10_006, text),
            (50_006, text),
        ] {
            let outcome = fetch(beacon(&at(LOCAL, &[]), length, content_type));
            file.check(
                length,
                arrives(&outcome) && last(&outcome, "content-type") == content_type,
                &outcome,
            );
        }
    });
    files.file("beacon/beacon-basic-stringMax.html", |file| {
        let outcome = fetch(Fetch::beacon(at(LOCAL, &[]), String::new()).text("*".repeat(65_536)));
        file.check(
            "64 KiB",
            arrives(&outcome) && last(&outcome, "content-length") == Some("65536"),
            &outcome,
        );
    });
    // Of no bytes, and up to the most that one beacon has.
    let lengths = [0, 13, 10_006, 50_006];
    for (name, lengths) in [
        ("beacon/beacon-basic-blob.html", &lengths[..]),
        ("beacon/beacon-basic-blobMax.html", &[65_536]),
        ("beacon/beacon-basic-buffersource.html", &lengths),
        ("beacon/beacon-basic-buffersourceMax.html", &[65_536]),
    ] {
        files.file(name, |file| {
            for &length in lengths {
                let (outcome, received) = send_bytes(length);
                let actual = outcome.exchanges().last();
                let holds = received == Some(length)
                    && actual.is_some_and(|actual| sent(actual, "content-type").is_none());
                file.check_other(length, holds, &outcome);
            }
        });
    }
    for (name, lengths) in [
        ("beacon/beacon-basic-formdata.html", &lengths[..]),
        ("beacon/beacon-basic-formdataMax.html", &[50_006]),
    ] {
        files.file(name, |file| {
            let form = "multipart/form-data; boundary=x";
            for &length in lengths {
                let text = "*".repeat(length);
                let beacon = Fetch::beacon(at(LOCAL, &[]), String::new()).text(text);
                let outcome = fetch(beacon.content_type(form));
                let holds = arrives(&outcome)
                    && last(&outcome, "content-type") == Some(form)
                    && last(&outcome, "content-length") == Some(&*length.to_string());
                file.check(length, holds, &outcome);
            }
        });
    }
    files.file("beacon/beacon-preflight-failure.sub.window.js", |file| {
        let outcome = fetch(beacon(&at(REMOTE, &[("origin", "none")]), 0, Some("x/y")));
        file.check(
            "not sent",
            preflights(&outcome) == 1 && outcome.actual().is_none(),
            &outcome,
        );
    });
    files.file("beacon/beacon-redirect.window.js", |file| {
        for status in ["307", "308"] {
            let next = at(LOCAL, &[("x", "y")]);
            let url = at(LOCAL, &[("status", status), ("location", &next)]);
            for (sample, length, content_type) in SAMPLES {
                let outcome = fetch(beacon(&url, length, content_type));
                let holds = arrives(&outcome)
                    && outcome.url() == next
                    && last(&outcome, "content-type") == content_type;
                file.check(format!("{sample} {status}"), holds, &outcome);
            }
        }
    });
    files.file("beacon/beacon-error.sub.window.js", |file| {
        let outcome = fetch(
            Fetch::beacon("http://nonexistent.web-platform.test/", String::new())
                .text("z".repeat(65537)),
        );
        file.fails("too long", &outcome);
        file.fails(
            "no URL",
            &fetch(Fetch::beacon("http://invalid:url", String::new()).text("a")),
        );
        file.fails(
            "not HTTP",
            &fetch(Fetch::beacon("nothttp://invalid.url", String::new()).text("a")),
        );
    });
    files.file("beacon/headers/header-content-type.html", |file| {
        for (name, content_type) in [
            ("a text", Some("text/plain;charset=UTF-8")),
            ("a buffer", None),
            ("a form", Some("multipart/form-data; boundary=x")),
        ] {
            let outcome = fetch(beacon(&at(REMOTE, &[]), 3, content_type));
            let holds = last(&outcome, "content-type") == content_type
                && outcome.response_type() == ResponseType::Opaque;
            file.check(name, holds, &outcome);
        }
    });
}
