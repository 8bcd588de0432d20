//! A program for whoever has a URL and an error message about CORS.
//!
//! ```sh
//! cargo run -p tower-cors-example-check -- https://app.example.com PUT https://api.example.com/monsters \
//!     -H 'content-type: application/json' --credentials
//! ```
//!
//! It sends the server what a browser would send, and prints what the page gets, what went over the wire, who has to change
//! what, and where browsers differ. `docs/check.md` describes its options and its exit codes.

#![forbid(unsafe_code)]

mod advice;
mod args;
mod audit;
mod cause;
mod compare;
mod engine;
mod fetch;
mod message;
mod network;
mod progress;
mod report;
mod text;

use std::io::Write;
use std::process::ExitCode;

use serde_json::Value;

use args::{Asked, Task};
use fetch::{Page, page_fetches};
use network::Network;
use progress::Progress;
use report::Report;
use text::printable;

/// What the program prints, and its exit code.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) text: String,
    pub(crate) json: Value,
    pub(crate) code: u8,
}

/// Wrong use, or nothing could be sent.
const WRONG_USE: u8 = 2;

fn main() -> ExitCode {
    let asked = match args::read(std::env::args_os()) {
        Ok(asked) => asked,
        Err(stop) if stop.is_help => {
            print(&stop.text);
            return ExitCode::SUCCESS;
        }
        Err(stop) => return wrong_use(&stop.text),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return wrong_use(&format!("error: no asynchronous runtime: {error}\n")),
    };
    let finished = runtime.block_on(run(&asked));
    // A name that is being resolved is not waited for.
    runtime.shutdown_background();
    match finished {
        Ok(finished) => {
            if asked.json {
                print(&(ascii(&format!("{:#}", finished.json)) + "\n"));
            } else {
                print(&finished.text);
            }
            ExitCode::from(finished.code)
        }
        Err(error) => wrong_use(&format!("error: {error}\n")),
    }
}

async fn run(asked: &Asked) -> Result<Finished, String> {
    let progress = Progress::default();
    let network = Network::new(asked, progress.clone())?;
    match &asked.task {
        Task::Fetch {
            url,
            preflight_only,
        } => {
            let page = Page::new(asked, url);
            page.browser()?;
            if *preflight_only {
                network.set_preflight_only().await;
            }
            Ok(progress.during(fetch(asked, &page, &network)).await)
        }
        Task::Audit { url, .. } => {
            audit::run(asked, &Page::new(asked, url), &network, &progress).await
        }
        Task::Compare { via, direct } => {
            let page = Page::new(asked, via);
            page.browser()?;
            Ok(progress
                .during(compare::run(asked, &page, direct, &network))
                .await)
        }
    }
}

async fn fetch(asked: &Asked, page: &Page, network: &Network) -> Finished {
    let outcome = page_fetches(page, asked.browser, &mut network.clone()).await;
    let sent = network.take_log().await;
    let differences = engine::differences(page, asked.browser, &outcome, network).await;
    let report = Report {
        page,
        engine: asked.browser,
        outcome: &outcome,
        sent: &sent,
        differences: &differences,
        servers: asked.servers,
        message: asked.message.as_ref(),
    };
    Finished {
        text: report.text(),
        json: report.json(),
        code: report.verdict().exit_code(),
    }
}

fn print(text: &str) {
    // Who closes the pipe wants no more.
    let _ = std::io::stdout().write_all(printable(text).as_bytes());
}

fn wrong_use(text: &str) -> ExitCode {
    let _ = std::io::stderr().write_all(printable(text).as_bytes());
    ExitCode::from(WRONG_USE)
}

/// JSON with everything but printable ASCII as `\uNNNN`.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, '\n' | ' '..='~') {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text += &format!("\\u{unit:04x}");
            }
        }
    }
    text
}
