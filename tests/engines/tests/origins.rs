//! Every row of `tests/data/recorded-origins.tsv` is what the engine sends today.

use tower_cors_engine_tests::Engine;
use tower_cors_engine_tests::recorder::{Recording, record_frames, record_shell, record_start};

/// Engine, kind of the page, URL of the page, `Origin` that it sent; `-` where no page opened.
const RECORDED: &str = include_str!("../../data/recorded-origins.tsv");

/// The pages of an engine, and the origins that they sent when they were recorded.
fn rows(engine: Engine, is_of: impl Fn(&str) -> bool) -> (Vec<Recording>, Vec<&'static str>) {
    let rows = RECORDED.lines().filter(|row| !row.starts_with('#'));
    let rows = rows.enumerate().filter_map(|(number, row)| {
        let columns: Vec<&str> = row.split('\t').collect();
        let &[of, how, page, origin] = columns.as_slice() else {
            panic!("not four columns: {row}")
        };
        (of == engine.to_string().to_lowercase() && is_of(how)).then(|| {
            let recording = Recording {
                number: (number + 1).to_string(),
                how: how.to_owned(),
                page: page.to_owned(),
            };
            (recording, origin)
        })
    });
    let (pages, origins): (Vec<_>, Vec<_>) = rows.unzip();
    assert!(!pages.is_empty(), "no row of {engine}");
    (pages, origins)
}

/// An extension has another host in every installation.
fn shape(origin: &str) -> String {
    match origin.split_once("-extension://") {
        Some((browser @ ("chrome" | "moz"), host)) => {
            let host = host.replace(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit(), "x");
            format!("{browser}-extension://{host}")
        }
        _ => origin.to_owned(),
    }
}

fn compare(engine: Engine, pages: &[Recording], expected: &[&str], sent: &[Option<String>]) {
    assert_eq!(sent.len(), expected.len());
    let differing: Vec<String> = pages
        .iter()
        .zip(expected)
        .zip(sent)
        .map(|((page, expected), sent)| (page, expected, sent.as_deref().unwrap_or("-")))
        .filter(|(_, expected, sent)| shape(expected) != shape(sent))
        .map(|(page, expected, sent)| {
            let engine = engine.to_string().to_lowercase();
            format!(
                "{engine}\t{}\t{}\t{sent}\t(was {expected})",
                page.how, page.page
            )
        })
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {} origins differ:\n{}",
        differing.len(),
        pages.len(),
        differing.join("\n")
    );
}

async fn frames_send_what_was_recorded(engine: Engine) {
    let (pages, expected) = rows(engine, |how| how.contains("frame"));
    let (sent, version) = record_frames(engine, &pages).await;
    println!("{} frames in {version}", pages.len());
    compare(engine, &pages, &expected, &sent);
}

async fn started_pages_send_what_was_recorded(engine: Engine) {
    let (pages, expected) = rows(engine, |how| !how.contains("frame"));
    let mut sent = Vec::new();
    for page in &pages {
        sent.push(record_start(engine, &page.how).await);
    }
    compare(engine, &pages, &expected, &sent);
}

#[tokio::test]
async fn frames_of_chromium_send_what_was_recorded() {
    frames_send_what_was_recorded(Engine::Chromium).await;
}

#[tokio::test]
async fn frames_of_firefox_send_what_was_recorded() {
    frames_send_what_was_recorded(Engine::Firefox).await;
}

#[tokio::test]
async fn frames_of_webkit_send_what_was_recorded() {
    frames_send_what_was_recorded(Engine::WebKit).await;
}

#[tokio::test]
async fn files_and_extensions_of_chromium_send_what_was_recorded() {
    started_pages_send_what_was_recorded(Engine::Chromium).await;
}

#[tokio::test]
async fn files_and_extensions_of_firefox_send_what_was_recorded() {
    started_pages_send_what_was_recorded(Engine::Firefox).await;
}

#[tokio::test]
async fn an_app_shell_of_webkit_sends_what_was_recorded() {
    let (pages, expected) = rows(Engine::WebKit, |how| !how.contains("frame"));
    let sent = record_shell(&pages).await;
    compare(Engine::WebKit, &pages, &expected, &sent);
}
