namespace Grpc.Server;

/// <summary>The clock that deadlines go by; tests set their own.</summary>
internal sealed record CallClock(TimeProvider Time);
