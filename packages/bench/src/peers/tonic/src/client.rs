use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Streaming};

use crate::bench::bench_service_client::BenchServiceClient;
use crate::bench::*;
use crate::program::{ANSWER_HEADER, Failure, Job, REQUEST_HEADER, Usage, say, usage};

type Client = BenchServiceClient<Channel>;

/// What a load has done; see contract/lines.ts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tally {
    count: usize,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_us: Option<BTreeMap<&'static str, f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmade: Option<usize>,
}

#[derive(Serialize)]
struct Line<'a> {
    at: &'a str,
    usage: Usage,
    #[serde(flatten)]
    tally: Option<Tally>,
}

pub async fn call(address: String, job: Job) -> Result<(), Failure> {
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    let count = if job.kind == "hold" { 1 } else { job.connections };
    let mut bench = Bench { clients: Vec::new(), streams: Vec::new(), address, job: Arc::new(job), is_warm: false };
    for _ in 0..count {
        bench.connect().await?;
    }
    if bench.job.kind == "first-call" {
        bench.report(0.0, None).await?;
    } else {
        say(&Line { at: "ready", usage: usage(), tally: None })?;
    }
    while let Some(line) = input.next_line().await? {
        let mut words = line.split(' ').skip(1);
        let ms = words.next().ok_or("no duration")?.parse()?;
        let rate = words.next().map(str::parse).transpose()?;
        bench.report(ms, rate).await?;
    }
    std::process::exit(0)
}

struct Bench {
    job: Arc<Job>,
    address: String,
    clients: Vec<Client>,
    streams: Vec<PingPong>,
    is_warm: bool,
}

impl Bench {
    async fn connect(&mut self) -> Result<Client, Failure> {
        let channel = Endpoint::from_shared(format!("unix:{}", self.address))?.connect().await?;
        let client = BenchServiceClient::new(channel)
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX);
        self.clients.push(client.clone());
        Ok(client)
    }

    async fn report(&mut self, ms: f64, rate: Option<f64>) -> Result<(), Failure> {
        let limit = Duration::from_secs_f64(ms / 1_000.0);
        let tally = match rate {
            Some(rate) => self.open_loop(limit, rate).await?,
            None => self.run(limit).await?,
        };
        say(&Line { at: "done", usage: usage(), tally: Some(tally) })?;
        Ok(())
    }

    async fn run(&mut self, limit: Duration) -> Result<Tally, Failure> {
        match self.job.kind.as_str() {
            "calls" | "ping-pong" => self.keep_busy(limit).await,
            "download" => self.download(limit).await,
            "upload" => self.upload(limit).await,
            "hold" if self.is_warm => self.hold().await,
            _ => {
                self.is_warm = true;
                self.once().await
            }
        }
    }

    /// One task for each call or message under way.
    async fn keep_busy(&self, limit: Duration) -> Result<Tally, Failure> {
        let started_at = Instant::now();
        let mut tasks = JoinSet::new();
        for i in 0..self.job.in_flight {
            let mut client = self.clients[i % self.clients.len()].clone();
            let job = self.job.clone();
            tasks.spawn(async move {
                let mut stream = if job.kind == "calls" { None } else { Some(PingPong::open(&mut client).await?) };
                let mut latencies = Vec::new();
                let mut last = Instant::now();
                loop {
                    match &mut stream {
                        None => echo(&mut client, &job).await?,
                        Some(stream) => stream.exchange(&job).await?,
                    }
                    let now = Instant::now();
                    latencies.push((now - last).as_secs_f64() * 1e6);
                    last = now;
                    if now - started_at >= limit {
                        break;
                    }
                }
                Ok::<_, Failure>(latencies)
            });
        }
        let mut all = Vec::new();
        while let Some(latencies) = tasks.join_next().await {
            all.append(&mut latencies??);
        }
        let seconds = started_at.elapsed().as_secs_f64();
        Ok(Tally { count: all.len(), seconds, latency_us: Some(quantiles(all)), unmade: None })
    }

    /// Starts calls at a fixed rate; see contract/lines.ts. Timers of tokio are late by up to a millisecond, so the
    /// loop yields to the other tasks instead of sleeping.
    async fn open_loop(&self, limit: Duration, rate: f64) -> Result<Tally, Failure> {
        let planned = ((limit.as_secs_f64() * rate) as usize).max(1);
        let started_at = Instant::now();
        let mut tasks: JoinSet<Result<f64, Failure>> = JoinSet::new();
        let mut latencies = Vec::with_capacity(planned);
        let mut started = 0;
        while started < planned && started_at.elapsed() < limit {
            let due = planned.min((started_at.elapsed().as_secs_f64() * rate) as usize + 1);
            while started < due && tasks.len() < self.job.in_flight {
                let due_at = started_at + Duration::from_secs_f64(started as f64 / rate);
                let mut client = self.clients[started % self.clients.len()].clone();
                let job = self.job.clone();
                tasks.spawn(async move {
                    echo(&mut client, &job).await?;
                    Ok((Instant::now() - due_at).as_secs_f64() * 1e6)
                });
                started += 1;
            }
            while let Some(latency) = tasks.try_join_next() {
                latencies.push(latency??);
            }
            tokio::task::yield_now().await;
        }
        while let Some(latency) = tasks.join_next().await {
            latencies.push(latency??);
        }
        let seconds = started_at.elapsed().as_secs_f64();
        let unmade = Some(planned - started);
        Ok(Tally { count: latencies.len(), seconds, latency_us: Some(quantiles(latencies)), unmade })
    }

    async fn download(&mut self, limit: Duration) -> Result<Tally, Failure> {
        let payload_bytes = self.job.payload_bytes as u32;
        let started_at = Instant::now();
        let mut stream = self.clients[0].download(DownloadRequest { payload_bytes }).await?.into_inner();
        let mut count = 0;
        while let Some(answer) = stream.message().await? {
            check(&answer.payload, &self.job)?;
            count += 1;
            let taken = started_at.elapsed();
            if taken >= limit {
                return Ok(Tally { count, seconds: taken.as_secs_f64(), latency_us: None, unmade: None });
            }
        }
        Err("download ended by itself".into())
    }

    async fn upload(&mut self, limit: Duration) -> Result<Tally, Failure> {
        let payload = payload(&self.job);
        let sent = Arc::new(AtomicU64::new(0));
        let counted = sent.clone();
        let started_at = Instant::now();
        let messages = std::iter::repeat_with(move || UploadRequest { payload: payload.clone() })
            .take_while(move |_| started_at.elapsed() < limit)
            .inspect(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
            });
        let received = self.clients[0].upload(tokio_stream::iter(messages)).await?.into_inner().count;
        let sent = sent.load(Ordering::Relaxed);
        if received != sent {
            return Err(format!("sent {sent} messages, {received} arrived").into());
        }
        Ok(Tally { count: sent as usize, seconds: started_at.elapsed().as_secs_f64(), latency_us: None, unmade: None })
    }

    async fn once(&mut self) -> Result<Tally, Failure> {
        let started_at = Instant::now();
        echo(&mut self.clients[0], &self.job).await?;
        Ok(Tally { count: 1, seconds: started_at.elapsed().as_secs_f64(), latency_us: None, unmade: None })
    }

    async fn hold(&mut self) -> Result<Tally, Failure> {
        let started_at = Instant::now();
        let job = self.job.clone();
        for _ in 0..job.streams {
            let mut stream = PingPong::open(&mut self.clients[0]).await?;
            stream.exchange(&job).await?;
            self.streams.push(stream);
        }
        if job.streams == 0 {
            for _ in 0..job.connections {
                echo(&mut self.connect().await?, &job).await?;
            }
        }
        let count = if job.streams == 0 { job.connections } else { job.streams };
        Ok(Tally { count, seconds: started_at.elapsed().as_secs_f64(), latency_us: None, unmade: None })
    }
}

struct PingPong {
    requests: mpsc::Sender<PingPongRequest>,
    answers: Streaming<PingPongResponse>,
}

impl PingPong {
    async fn open(client: &mut Client) -> Result<Self, Failure> {
        let (requests, receiver) = mpsc::channel(1);
        let answers = client.ping_pong(ReceiverStream::new(receiver)).await?.into_inner();
        Ok(Self { requests, answers })
    }

    async fn exchange(&mut self, job: &Job) -> Result<(), Failure> {
        self.requests.send(PingPongRequest { payload: payload(job) }).await?;
        let answer = self.answers.next().await.ok_or("stream ended by itself")??;
        check(&answer.payload, job)
    }
}

static CALLS: AtomicU64 = AtomicU64::new(0);

async fn echo(client: &mut Client, job: &Job) -> Result<(), Failure> {
    let mut request = Request::new(EchoRequest { payload: payload(job) });
    if job.with_extras {
        request.set_timeout(Duration::from_secs(10));
        let id = CALLS.fetch_add(1, Ordering::Relaxed).to_string();
        request.metadata_mut().insert(REQUEST_HEADER, id.parse()?);
    }
    let response = client.echo(request).await?;
    if job.with_extras {
        response.metadata().get(ANSWER_HEADER).ok_or("no header came back")?;
    }
    check(&response.into_inner().payload, job)
}

fn payload(job: &Job) -> Vec<u8> {
    vec![b'a'; job.payload_bytes]
}

fn check(answer: &[u8], job: &Job) -> Result<(), Failure> {
    if answer.len() == job.payload_bytes {
        Ok(())
    } else {
        Err(format!("expected {} bytes, got {}", job.payload_bytes, answer.len()).into())
    }
}

fn quantiles(mut latencies: Vec<f64>) -> BTreeMap<&'static str, f64> {
    latencies.sort_by(f64::total_cmp);
    let last = latencies.len() - 1;
    [("p10", 0.1), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)]
        .map(|(name, part)| (name, latencies[((part * last as f64) as usize).min(last)]))
        .into()
}
