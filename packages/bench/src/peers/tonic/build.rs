//! Generates the service from the benchmark's proto, without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = protox::compile(["vyra/bench/v1/bench.proto"], ["../../../proto"])?;
    tonic_prost_build::configure().compile_fds(files)?;
    Ok(())
}
