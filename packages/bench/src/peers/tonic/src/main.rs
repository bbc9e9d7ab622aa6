//! The benchmark's peer in Rust: `server <runtime> <address> <job>` and `client <runtime> <address> <job>`, as
//! contract/lines.ts says. The runtime is tokio's: `current_thread` or `multi_thread`.

mod client;
mod program;
mod server;

pub mod bench {
    tonic::include_proto!("vyra.bench.v1");
}

fn main() -> Result<(), program::Failure> {
    let mut arguments = std::env::args().skip(1);
    let role = arguments.next().ok_or("no role")?;
    let mut runtime = match arguments.next().ok_or("no runtime")?.as_str() {
        "current_thread" => tokio::runtime::Builder::new_current_thread(),
        "multi_thread" => tokio::runtime::Builder::new_multi_thread(),
        other => return Err(format!("no runtime {other}").into()),
    };
    let address = arguments.next().ok_or("no address")?;
    let job = serde_json::from_str(&arguments.next().ok_or("no job")?)?;
    runtime.enable_all().build()?.block_on(async {
        if role == "server" { server::serve(address, job).await } else { client::call(address, job).await }
    })
}
