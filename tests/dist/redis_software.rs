//! The package for Redis Software: an archive of the module and `module.json`.

use serde_json::Value;

use crate::support::{ending, shell};

#[test]
fn it_describes_the_module_that_it_holds() {
    let archives = ending(".zip");
    assert!(!archives.is_empty());
    for archive in archives {
        let unzip = |name: &str| format!("python3 -m zipfile -e {} $d && cat $d/{name}", archive.display());
        let script = |what: String| shell(&format!("d=$(mktemp -d) && {what}; rm -r $d"));
        let description: Value = serde_json::from_str(&script(unzip("module.json"))).unwrap();
        let checksum = script(format!("{} | sha256sum", unzip("libhallpass.so")));
        assert_eq!(description["sha256"], checksum.split(' ').next().unwrap());
        assert_eq!(description["module_name"], "hallpass");
        assert_eq!(description["min_redis_version"], "7.0");
        let commands = description["commands"].as_array().unwrap();
        let refresh = commands.iter().find(|command| command["command_name"] == "auth.refresh").unwrap();
        assert_eq!((&refresh["command_arity"], &refresh["first_key"]), (&(-3).into(), &1.into()));
        assert!(commands.len() >= 10, "{commands:?}");
    }
}
