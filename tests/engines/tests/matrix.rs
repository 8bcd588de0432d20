//! What a policy is meant to say, what the test browser makes of the layer's answers, and what an engine makes of them,
//! are the same.

use tower_cors_engine_tests::layers::Layers;
use tower_cors_engine_tests::{Engine, Matrix, PageOrigin, Summary, description, requests};

async fn agree(engine: Engine) {
    let matrix = Matrix::new(&description::ALL, &PageOrigin::ALL, &requests());
    assert!(matrix.cases.len() >= 15_000);
    let summary = Summary::of(&matrix, Layers::TowerCors, engine).await;
    println!("{summary}");
    summary.assert_no_difference();
}

#[tokio::test]
async fn chromium_agrees_with_what_is_meant_and_with_the_test_browser() {
    agree(Engine::Chromium).await;
}

#[tokio::test]
async fn firefox_agrees_with_what_is_meant_and_with_the_test_browser() {
    agree(Engine::Firefox).await;
}

#[tokio::test]
async fn webkit_agrees_with_what_is_meant_and_with_the_test_browser() {
    agree(Engine::WebKit).await;
}
