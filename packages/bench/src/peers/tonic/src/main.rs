//! The benchmark's peer in Rust: `server <address> <job>` and `client <address> <job>`, as contract/lines.ts says.

mod client;
mod program;
mod server;

pub mod bench {
    tonic::include_proto!("vyra.bench.v1");
}

#[tokio::main]
async fn main() -> Result<(), program::Failure> {
    let mut arguments = std::env::args().skip(1);
    let role = arguments.next().ok_or("no role")?;
    let address = arguments.next().ok_or("no address")?;
    let job = serde_json::from_str(&arguments.next().ok_or("no job")?)?;
    if role == "server" { server::serve(address, job).await } else { client::call(address, job).await }
}
