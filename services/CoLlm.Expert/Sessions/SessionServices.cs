using CoLlm.Expert.Models;
using CoLlm.Expert.Telemetry;
using CoLlm.ServiceDefaults.Shutdown;
using Microsoft.Extensions.Logging;

namespace CoLlm.Expert.Sessions;

/// <summary>What every session of the process shares.</summary>
internal sealed record SessionServices(
    ModelCatalog Models, SessionTable Table, SessionLimits Limits, DrainGate Gate, DrainOptions Drain, TimeProvider Time, ReplicaName Replica,
    SessionInstruments Instruments, ILogger<ExpertSession> Logger);

/// <summary>Names this process in logs, and lets routers notice a restart.</summary>
internal sealed record ReplicaName(string Value)
{
    /// <summary>Machine, process and a random part: no two processes share it.</summary>
    public static ReplicaName Create() => new($"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid().ToString("n")[..8]}");
}
