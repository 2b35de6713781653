//! Serves the page with a made-up twin behind it: `cargo run -p didymos-gateway --example page_preview -- [PORT]`.

#[path = "../tests/sample/mod.rs"]
mod sample;

use didymos_gateway::{Access, Server};
use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let door = Arc::new(sample::SampleTwin::new());
    let server = Server::start(door, sample::principal(), SocketAddr::from(([127, 0, 0, 1], port)), Access::default())?;
    println!("{}", server.url());
    // Each line read asks for a further link; the end of the input ends the program.
    for line in std::io::stdin().lock().lines() {
        line?;
        println!("{}", server.new_url()?);
    }
    Ok(())
}
