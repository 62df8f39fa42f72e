//! The examples, and what each of them was seen to do.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
    thread,
    time::Instant,
};

use crate::{agents, gin_page, go_gin, nextjs, rig::Rig, spring, web};

/// How many rows run at a time: they mostly wait.
const AT_ONCE: usize = 2;

/// The kind of an example.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A web application that stays running.
    Web,
    /// A command-line tool; its processes share a file.
    Tool,
}

/// An example, and what it speaks.
pub struct Row {
    /// The name of its folder in examples/ and of its page in docs/stacks.
    pub stack: &'static str,
    /// What it speaks to Redis or Hallpass, as in the table.
    pub speaks: &'static str,
    /// The section of its page that starts it.
    pub section: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Whether it hears of a revocation by a push of Redis, instead of asking with each request.
    pub hears_by_push: bool,
    /// Flags of hallpass-server that it needs.
    pub flags: &'static [&'static str],
    /// Whether its Redis is a cluster.
    pub in_a_cluster: bool,
    /// Something that this example alone does, besides the promises of the table.
    pub besides: Option<Promise>,
    /// Environment variables, in which `{redis}` stands for the address `redis://host:port`.
    pub variables: &'static [(&'static str, &'static str)],
}

/// A promise, by its heading in the table.
pub type Promise = (&'static str, fn(&mut Rig));

const WEB: [Promise; 6] = [
    ("login, devices, logout", web::logs_in_lists_devices_and_logs_out_everywhere),
    ("garbage is 401", web::garbage_is_unauthorized),
    ("two tabs", web::two_tabs_stay_logged_in),
    ("lost response", web::a_lost_response_logs_nobody_out),
    ("revoked at once", web::a_revocation_counts_at_the_next_request),
    ("outage is 503", web::an_outage_logs_nobody_out),
];

const TOOL: [Promise; 6] = [
    ("login, devices, logout", agents::logs_in_and_out),
    ("garbage is 401", agents::garbage_means_log_in_again),
    ("two tabs", agents::many_processes_stay_logged_in),
    ("lost response", agents::a_lost_response_logs_nobody_out),
    ("revoked at once", agents::a_revocation_ends_the_login),
    ("outage is 503", agents::an_outage_logs_nobody_out),
];

/// The sections of pages that start an example.
pub const STARTED_IN: [&str; 3] = ["Run", "In Python", "In shell"];

const fn web(stack: &'static str, speaks: &'static str, variables: &'static [(&str, &str)]) -> Row {
    Row {
        stack,
        speaks,
        section: "Run",
        kind: Kind::Web,
        hears_by_push: false,
        flags: &[],
        in_a_cluster: false,
        besides: None,
        variables,
    }
}

const fn cluster(stack: &'static str) -> Row {
    let variables = &[("REDIS_URL", "{redis}"), ("REDIS_CLUSTER", "1")];
    Row { in_a_cluster: true, ..web(stack, "Redis Cluster", variables) }
}

const fn agent(speaks: &'static str, section: &'static str) -> Row {
    Row { section, kind: Kind::Tool, ..web("agents", speaks, &[]) }
}

/// The table.
pub const ROWS: &[Row] = &[
    web("express", "HTTP", &[]),
    web("fastapi", "RESP2", &[("REDIS_URL", "{redis}?protocol=2")]),
    web("fastapi", "RESP3", &[("REDIS_URL", "{redis}?protocol=3")]),
    cluster("fastapi"),
    web("django", "RESP2", &[("REDIS_URL", "{redis}?protocol=2")]),
    web("django", "RESP3", &[("REDIS_URL", "{redis}?protocol=3")]),
    cluster("django"),
    Row {
        besides: Some(("what it did before", go_gin::does_what_it_did_before)),
        ..web("go-gin", "RESP2, HTTP", &[("ALLOWED_ORIGIN", gin_page::ALLOWED_ORIGIN)])
    },
    Row {
        besides: Some(("reissue and transaction", spring::reissues_and_logs_in_within_a_transaction)),
        ..web("spring", "RESP2", &[])
    },
    Row { hears_by_push: true, ..web("axum", "RESP3", &[]) },
    Row {
        flags: &["--session-cookie", "--trusted-proxy", "127.0.0.1"],
        besides: Some(("pages by cookie", nextjs::keeps_pages_logged_in)),
        ..web("nextjs", "HTTP", &[])
    },
    agent("HTTP, Python", "In Python"),
    agent("HTTP, shell", "In shell"),
];

impl Row {
    /// Returns its first two cells.
    pub fn name(&self) -> String {
        format!("[{0}]({0}.md) | {1}", self.stack, self.speaks)
    }

    /// Returns what it promises, in the order of the columns.
    pub fn promises(&self) -> &'static [Promise] {
        match self.kind {
            Kind::Web => &WEB,
            Kind::Tool => &TOOL,
        }
    }

    /// Runs all promises against one example, and returns its line of the table and whether all were kept.
    fn run(&self) -> (String, bool) {
        let started = Instant::now();
        let rig = catch_unwind(|| Rig::start(self));
        let Ok(mut rig) = rig else { return (format!("| {} | does not start |", self.name()), false) };
        let mut keeps = |promise: &Promise| keeps(self, promise, &mut rig);
        let kept: Vec<bool> = self.promises().iter().map(&mut keeps).collect();
        let does_the_rest = self.besides.iter().all(keeps);
        let seconds = started.elapsed().as_secs();
        (format!("{} {seconds} s", self.line(&kept)), does_the_rest && kept.iter().all(|kept| *kept))
    }

    /// Returns its line of the table.
    pub fn line(&self, kept: &[bool]) -> String {
        let cells: String = kept.iter().map(|kept| if *kept { " yes |" } else { " NO |" }).collect();
        format!("| {} |{cells}", self.name())
    }
}

/// Returns whether an example keeps a promise; else says why not, with its output.
fn keeps(row: &Row, (heading, promise): &Promise, rig: &mut Rig) -> bool {
    let result = catch_unwind(AssertUnwindSafe(|| promise(rig)));
    if result.is_err() {
        let log = rig.log();
        let end =
            log.lines().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
        eprintln!("{}, {heading}: see above. The end of its output:\n{end}", row.name());
        rig.redis_is_back();
    }
    result.is_ok()
}

/// Returns the rows that are wanted.
pub fn rows(is_wanted: impl Fn(&Row) -> bool) -> Vec<&'static Row> {
    ROWS.iter().filter(|row| is_wanted(row)).collect()
}

/// Runs rows, prints the table, and returns whether all promises were kept.
pub fn run(rows: Vec<&'static Row>) -> bool {
    let started = Instant::now();
    let stacks: BTreeSet<&str> = rows.iter().map(|row| row.stack).collect();
    stacks.into_iter().for_each(crate::rig::install);
    let queue = Mutex::new(rows.into_iter());
    let all_kept = Mutex::new(true);
    println!("| stack | speaks |{}", WEB.map(|(heading, _)| format!(" {heading} |")).concat());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let next = || queue.lock().unwrap().next();
                while let Some(row) = next() {
                    let (line, is_kept) = row.run();
                    println!("{line}");
                    *all_kept.lock().unwrap() &= is_kept;
                }
            });
        }
    });
    println!("{} s in all", started.elapsed().as_secs());
    all_kept.into_inner().unwrap()
}
