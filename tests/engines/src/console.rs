//! What an engine prints in its console.
//!
//! Chromium reports it to a debugger, over a WebSocket. Firefox keeps it in a service that its automation reads, over a TCP
//! connection. WebKit writes it to its standard output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::Engine;

/// How long an engine may take to open its console, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The console of an engine's page.
#[derive(Debug)]
pub struct Console {
    source: Source,
    /// What was printed and not taken yet.
    lines: Vec<String>,
}

#[derive(Debug)]
enum Source {
    Debugger {
        socket: Box<WebSocketStream<TcpStream>>,
        session: String,
        number: u64,
    },
    Marionette {
        stream: TcpStream,
        number: u64,
    },
    Output {
        file: PathBuf,
        read: usize,
    },
}

/// What an engine must be started with.
pub(crate) fn ask_for(engine: Engine, command: &mut Command, profile: &Path) {
    match engine {
        Engine::Chromium => {
            command.arg("--remote-debugging-port=0");
        }
        Engine::Firefox => {
            let file = profile.join("user.js");
            let mut preferences = fs::read_to_string(&file).expect("the profile can be read");
            preferences.push_str(
                r#"user_pref("marionette.port", 0);
user_pref("remote.prefs.recommended", false);
"#,
            );
            fs::write(file, preferences).expect("the profile can be written");
            command.args(["--marionette", "--remote-allow-system-access"]);
        }
        Engine::WebKit => {
            command.arg("--enable-write-console-messages-to-stdout=true");
        }
    }
}

/// Reads a file that an engine writes when it is ready.
async fn appears(file: &Path) -> String {
    let start = Instant::now();
    loop {
        match fs::read_to_string(file) {
            Ok(text) if !text.is_empty() => return text,
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        assert!(start.elapsed() < PATIENCE, "there is no {}", file.display());
    }
}

impl Console {
    pub(crate) async fn open(engine: Engine, profile: &Path, output: PathBuf) -> Self {
        let source = match engine {
            Engine::Chromium => {
                let text = appears(&profile.join("DevToolsActivePort")).await;
                let (port, path) = text.split_once('\n').expect("a port and a path");
                let address = format!("127.0.0.1:{}", port.trim());
                let stream = TcpStream::connect(&address).await.expect("a debugger");
                let url = format!("ws://{address}{}", path.trim());
                let opened = tokio_tungstenite::client_async(url, stream).await;
                let (socket, _) = opened.expect("a debugger");
                Source::Debugger {
                    socket: Box::new(socket),
                    session: String::new(),
                    number: 0,
                }
            }
            Engine::Firefox => {
                let port = appears(&profile.join("MarionetteActivePort")).await;
                let address = format!("127.0.0.1:{}", port.trim());
                let stream = TcpStream::connect(address).await.expect("a console");
                Source::Marionette { stream, number: 0 }
            }
            Engine::WebKit => Source::Output {
                file: output,
                read: 0,
            },
        };
        let mut console = Self {
            source,
            lines: Vec::new(),
        };
        match engine {
            Engine::Chromium => console.attach().await,
            Engine::Firefox => {
                let Source::Marionette { stream, .. } = &mut console.source else {
                    unreachable!("it was opened above");
                };
                let _greeting = read_packet(stream).await;
                console.ask("WebDriver:NewSession", json!({})).await;
                let chrome = json!({ "value": "chrome" });
                console.ask("Marionette:SetContext", chrome).await;
            }
            Engine::WebKit => {}
        }
        console
    }

    /// Attaches the debugger to the page.
    async fn attach(&mut self) {
        let targets = self.call("Target.getTargets", json!({})).await;
        let targets = targets["targetInfos"].as_array().expect("a list").clone();
        let page = targets
            .iter()
            .find(|target| target["type"] == "page")
            .expect("a page");
        let asked = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", asked).await;
        let Source::Debugger { session, .. } = &mut self.source else {
            unreachable!("only Chromium has a debugger");
        };
        *session = attached["sessionId"]
            .as_str()
            .expect("a session")
            .to_owned();
        self.call("Log.enable", json!({})).await;
    }

    /// Returns what was printed since it was asked last. What is printed at the moment may be missing.
    pub async fn take(&mut self) -> Vec<String> {
        match &mut self.source {
            Source::Debugger { .. } => {
                // The page prints before it evaluates.
                let nothing = json!({ "expression": "0" });
                self.call("Runtime.evaluate", nothing).await;
            }
            Source::Marionette { .. } => {
                let script = "const all = Services.console.getMessageArray(); Services.console.reset();
                    return all.map((each) => each instanceof Ci.nsIScriptError ? each.errorMessage : String(each.message));";
                let asked = json!({ "script": script, "args": [] });
                let answered = self.ask("WebDriver:ExecuteScript", asked).await;
                let texts = answered["value"].as_array().expect("a list");
                let texts = texts.iter().filter_map(Value::as_str);
                self.lines.extend(texts.map(str::to_owned));
            }
            Source::Output { file, read } => {
                let output = fs::read(&*file).unwrap_or_default();
                let new = &output[(*read).min(output.len())..];
                // A line that is being written is left for the next time.
                let end = new
                    .iter()
                    .rposition(|&byte| byte == b'\n')
                    .map_or(0, |at| at + 1);
                *read += end;
                for line in String::from_utf8_lossy(&new[..end]).lines() {
                    let kinds = [
                        "CONSOLE SECURITY ",
                        "CONSOLE JS ",
                        "CONSOLE NETWORK ",
                        "CONSOLE LOG ",
                        "CONSOLE ",
                    ];
                    let found = kinds.iter().find_map(|kind| line.split_once(kind));
                    if let Some((_, text)) = found {
                        let levels = ["ERROR ", "WARN "];
                        let without = levels.iter().find_map(|level| text.strip_prefix(level));
                        self.lines.push(without.unwrap_or(text).to_owned());
                    }
                }
            }
        }
        std::mem::take(&mut self.lines)
    }

    /// Calls a method of the debugger.
    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        let Source::Debugger {
            socket,
            session,
            number,
        } = &mut self.source
        else {
            unreachable!("only Chromium has a debugger");
        };
        *number += 1;
        let mut call = json!({ "id": *number, "method": method, "params": parameters });
        if !session.is_empty() {
            call["sessionId"] = session.as_str().into();
        }
        let sent = socket.send(Message::text(call.to_string())).await;
        sent.expect("the debugger listens");
        loop {
            let received = tokio::time::timeout(PATIENCE, socket.next()).await;
            let received = received.expect("an answer").expect("an open connection");
            let Ok(Message::Text(text)) = received else {
                continue;
            };
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            if answer["id"] == *number {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            if answer["method"] == "Log.entryAdded" {
                let text = answer["params"]["entry"]["text"].as_str();
                self.lines.extend(text.map(str::to_owned));
            }
        }
    }

    /// Sends a command to Firefox's automation.
    async fn ask(&mut self, command: &str, parameters: Value) -> Value {
        let Source::Marionette { stream, number } = &mut self.source else {
            unreachable!("only Firefox has it");
        };
        *number += 1;
        let packet = json!([0, *number, command, parameters]).to_string();
        let packet = format!("{}:{packet}", packet.len());
        let sent = stream.write_all(packet.as_bytes()).await;
        sent.expect("Firefox listens");
        let answer = read_packet(stream).await;
        assert!(answer[2].is_null(), "{command}: {answer}");
        answer[3].clone()
    }
}

/// Reads a length, a colon, and as many bytes of JSON.
async fn read_packet(stream: &mut TcpStream) -> Value {
    let read = async {
        let mut length = 0;
        loop {
            match stream.read_u8().await.expect("an open connection") {
                b':' => break,
                digit => length = length * 10 + usize::from(digit.wrapping_sub(b'0')),
            }
        }
        let mut packet = vec![0; length];
        stream
            .read_exact(&mut packet)
            .await
            .expect("an open connection");
        serde_json::from_slice(&packet).expect("JSON")
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .expect("an answer")
}
