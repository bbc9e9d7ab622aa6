use std::pin::Pin;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

use crate::bench::bench_service_server::{BenchService, BenchServiceServer};
use crate::bench::*;
use crate::program::{ANSWER_HEADER, Failure, Job, REQUEST_HEADER, say, usage};

pub async fn serve(address: String, job: Job) -> Result<(), Failure> {
    let listener = UnixListener::bind(address)?;
    let service = BenchServiceServer::new(Bench { with_extras: job.with_extras })
        .max_decoding_message_size(usize::MAX)
        .max_encoding_message_size(usize::MAX);
    let serving = Server::builder()
        .max_concurrent_streams(None)
        .add_service(service)
        .serve_with_incoming(UnixListenerStream::new(listener));
    tokio::spawn(serving);
    println!("ready");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if line == "usage" {
            say(&usage())?;
        }
    }
    std::process::exit(0) // calls that are still open need no orderly end
}

struct Bench {
    with_extras: bool,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl BenchService for Bench {
    async fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoResponse>, Status> {
        let header = self.with_extras.then(|| request.metadata().get(REQUEST_HEADER).cloned()).flatten();
        let mut response = Response::new(EchoResponse { payload: request.into_inner().payload });
        if let Some(value) = header {
            response.metadata_mut().insert(ANSWER_HEADER, value);
        }
        Ok(response)
    }

    type PingPongStream = Answers<PingPongResponse>;

    async fn ping_pong(
        &self,
        request: Request<Streaming<PingPongRequest>>,
    ) -> Result<Response<Self::PingPongStream>, Status> {
        let answers = request.into_inner().map(|request| Ok(PingPongResponse { payload: request?.payload }));
        Ok(Response::new(Box::pin(answers)))
    }

    type DownloadStream = Answers<DownloadResponse>;

    async fn download(&self, request: Request<DownloadRequest>) -> Result<Response<Self::DownloadStream>, Status> {
        let payload = vec![0; request.into_inner().payload_bytes as usize];
        let messages =
            tokio_stream::iter(std::iter::repeat_with(move || Ok(DownloadResponse { payload: payload.clone() })));
        Ok(Response::new(Box::pin(messages)))
    }

    async fn upload(&self, request: Request<Streaming<UploadRequest>>) -> Result<Response<UploadResponse>, Status> {
        let mut messages = request.into_inner();
        let mut count = 0;
        while messages.message().await?.is_some() {
            count += 1;
        }
        Ok(Response::new(UploadResponse { count }))
    }
}
