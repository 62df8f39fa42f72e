//! The crate hallpass-client in this process.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use hallpass_client::{Address, Hallpass, SubjectKeys, Verifier, VerifyCache};
use tokio::runtime::{Builder, Runtime};

use crate::{
    commands::stage::{REPEATED, Stage},
    report::{
        Report,
        Target::{AtLeast, AtMost},
    },
    stats,
    support::{SOON, wait_until},
};

const ROUNDS: usize = 15;
const TURN: Duration = Duration::from_millis(200);
/// Users whose tokens are kept, for the memory that they take.
const USERS: usize = 50_000;

/// Takes both measurements.
pub fn measure(report: &mut Report) {
    // Tokens of about 400 bytes.
    let issuer = "hallpass.issuer https://id.example.com";
    let mut stage = Stage::new("EdDSA", USERS, &[issuer]);
    stage.fill();
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = Client::of(&runtime, &stage);
    let length = stage.tokens[0].access.len();
    let rates: Vec<f64> = (0..ROUNDS).map(|_| runtime.block_on(client.rate(&stage))).collect();
    let what = format!("verifications per second in one thread, tokens of {length} bytes");
    report.ratio(what, stats::median(&rates), AtLeast(2_000_000.0));

    let before = resident();
    runtime.block_on(async {
        for tokens in &stage.tokens {
            client.verifier.verify(&client.keys, &tokens.access, None).await.expect("a valid token");
        }
    });
    let kept: usize = client.hallpass.verify_cache().iter().map(|node| node.entries).sum();
    let grown = (resident() - before) / (kept - REPEATED) as f64;
    report.ratio(format!("bytes of memory per kept token of {length} bytes"), grown, AtMost(700.0));
}

/// A client of the stage's Redis.
struct Client {
    hallpass: Arc<Hallpass>,
    verifier: Verifier,
    keys: SubjectKeys,
}

impl Client {
    fn of(runtime: &Runtime, stage: &Stage) -> Self {
        let _entered = runtime.enter();
        let address = Address::unix(&stage.redis.socket()).expect("a path");
        let hallpass = Hallpass::new(&address).expect("a client").with_verify_cache(VerifyCache::default());
        let hallpass = Arc::new(hallpass);
        let verifier = Verifier::new(Arc::clone(&hallpass));
        let client = Self { hallpass, verifier, keys: SubjectKeys::new("auth:*").expect("a pattern") };
        wait_until("it listens", SOON, || runtime.block_on(client.listens(&stage.tokens[0].access)));
        client
    }

    async fn listens(&self, token: &str) -> bool {
        self.verifier.verify(&self.keys, token, None).await.expect("a valid token");
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.hallpass.verify_cache().iter().any(|node| node.is_listening && node.hits > 0)
    }

    /// Returns how many tokens it verifies in a second, of some that it has verified before.
    async fn rate(&self, stage: &Stage) -> f64 {
        let (began, mut count) = (Instant::now(), 0);
        while began.elapsed() < TURN {
            for tokens in &stage.tokens[..REPEATED] {
                self.verifier.verify(&self.keys, &tokens.access, None).await.expect("a valid token");
            }
            count += REPEATED;
            // Heartbeats and pushes are handled by this thread, too.
            tokio::task::yield_now().await;
        }
        count as f64 / began.elapsed().as_secs_f64()
    }
}

/// Returns the memory of this process, in bytes.
fn resident() -> f64 {
    let text = fs::read_to_string("/proc/self/statm").expect("this process");
    let pages: f64 = text.split(' ').nth(1).expect("the field").parse().expect("a number");
    pages * rustix::param::page_size() as f64
}
