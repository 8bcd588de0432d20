//! Starts the service and says what to try.
//!
//! ```sh
//! cargo run -p tower-cors-example-tonic
//! ```
//!
//! It listens on a free port, or on that of the environment variable `PORT`.

use std::env;
use std::error::Error;

use tokio::net::TcpListener;
use tower_cors_example_tonic::{PAGE, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let port = env::var("PORT").map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let check = format!("http://{address}/grpc.health.v1.Health/Check");
    println!(
        r"listening on http://{address}, try:

# what a browser asks first
curl -i -X OPTIONS -H 'Origin: {PAGE}' -H 'Access-Control-Request-Method: POST' \
  -H 'Access-Control-Request-Headers: content-type,x-grpc-web,x-user-agent' {check}

# the call: one frame with an empty message, which asks for the health of the whole server
printf '\0\0\0\0\0' | curl -i --data-binary @- -H 'Origin: {PAGE}' \
  -H 'Content-Type: application/grpc-web+proto' -H 'X-Grpc-Web: 1' {check} | cat -v"
    );
    serve(listener).await
}
