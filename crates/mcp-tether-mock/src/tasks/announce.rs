//! Notifications about the progress of a task.

use std::sync::Arc;

use tokio::sync::watch;

use super::shown::TaskForm;
use super::task::CallTask;
use crate::connections::HostConnections;
use mcp_tether_wire::protocol::methods;

/// Announces every change of a task until it ends.
pub(crate) async fn announce(
    connections: Arc<HostConnections>,
    task: Arc<CallTask>,
    mut changes: watch::Receiver<()>,
    form: TaskForm,
) {
    while changes.changed().await.is_ok() {
        match form {
            TaskForm::Legacy => {
                let status = task.handle(form).into();
                connections.broadcast(methods::TASK_STATUS, &status);
            }
            TaskForm::Extension => {
                connections.listens.tell(methods::TASK_CHANGED, &task.details().into());
            }
        }
        if task.outcome().is_some() {
            return;
        }
    }
}
