//! AUTH.ISSUE: its reply, its options, their limits, its errors.

use crate::support::*;

#[test]
fn probe() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let t = con.issue("auth:42", &[]).unwrap();
    println!("{t:?}");
}
