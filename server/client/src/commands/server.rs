//! `PING` and `INFO`: the state of the server and of the module in it.

use crate::contract::info;
use crate::error::CommandError;
use crate::hallpass::Hallpass;
use crate::module_info::{ModuleInfo, NodeInfo};
use redis::{FromRedisValue, RedisError, Value, cmd};

impl Hallpass {
    /// `PING`: succeeds when Redis answers commands, not while it still loads its data. Failures are the caller's to
    /// report.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`].
    pub async fn ping(&self) -> Result<(), CommandError> {
        self.ask(&cmd("PING")).await
    }

    /// `INFO hallpass cluster`, of any node of a cluster: tells how the module is configured. Failures are the caller's
    /// to report.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`], also when Redis does not have the module.
    pub async fn module_info(&self) -> Result<ModuleInfo, CommandError> {
        self.find_module().await?.ok_or_else(CommandError::no_module)
    }

    /// Returns the same; `None` if Redis answers without the module.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`].
    pub async fn find_module(&self) -> Result<Option<ModuleInfo>, CommandError> {
        let text: String = self.ask(cmd("INFO").arg(info::SECTION).arg(info::CLUSTER_SECTION)).await?;
        Ok(ModuleInfo::parse(&text))
    }

    /// `INFO hallpass` as text, of every node of a cluster; empty without the module. Reports failures.
    pub async fn infos(&self) -> Vec<NodeInfo> {
        let mut command = cmd("INFO");
        command.arg(info::SECTION);
        let Some(answers) = self.connection.send_to_all(&command).await else {
            return vec![NodeInfo { node: None, info: self.call(&command).await.ok() }];
        };
        answers.into_iter().map(|(node, answer)| self.node_info(node, answer)).collect()
    }

    fn node_info(&self, node: String, answer: Result<Value, RedisError>) -> NodeInfo {
        let info = answer.map_err(CommandError::of).inspect_err(|error| self.report(error)).ok();
        NodeInfo { node: Some(node), info: info.and_then(|info| String::from_redis_value(info).ok()) }
    }
}
