//! Requests that pages send without asking.

use std::path::Path;

use tower_cors_engine_tests::Engine;
use tower_cors_engine_tests::attack::Attacks;

async fn run(engine: Engine) {
    let start = std::time::Instant::now();
    let attacks = Attacks::run(engine).await;
    println!("{} {:?}", attacks.version, start.elapsed());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("recorded/{engine}.txt").to_lowercase());
    std::fs::write(file, attacks.recording()).unwrap();
    for attack in attacks.all {
        let service = &attacks.services[attack.service];
        println!("#{:?} | {} | {:?} | {} | {:?}", attack.situation, attack.way, service.level, service.source, attack.outcome);
    }
}

#[tokio::test]
async fn chromium() {
    run(Engine::Chromium).await;
}

#[tokio::test]
async fn firefox() {
    run(Engine::Firefox).await;
}

#[tokio::test]
async fn webkit() {
    run(Engine::WebKit).await;
}
