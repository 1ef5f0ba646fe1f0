using System.ComponentModel.DataAnnotations;
using CoLlm.ServiceDefaults.Tls;

namespace CoLlm.Router.Experts;

/// <summary>One expert: where its replicas are and how they are treated.</summary>
public sealed record ExpertOptions
{
    /// <summary>Name by which requests ask for it; the swap head's row of this name is its own.</summary>
    [Required]
    [StringLength(128, MinimumLength = 1)]
    public string Name { get; init; } = "";

    /// <summary>The model's name at the expert service.</summary>
    /// <value>null: <see cref="Name"/>.</value>
    [StringLength(128, MinimumLength = 1)]
    public string? Model { get; init; }

    /// <summary>
    /// Addresses of its replicas, each <c>http://host:port</c>, <c>https://host:port</c>, or <c>dns:///host:port</c> for one replica (in
    /// cleartext unless <see cref="Tls"/> is set) at every address that the name has, followed as they come and go.
    /// </summary>
    [Required]
    [MinLength(1)]
    [MaxLength(ReplicaAddresses.MaxReplicas)]
    public string[] Addresses { get; init; } = [];

    /// <summary>What is trusted and shown at <c>https://</c> and <c>dns:///</c> addresses.</summary>
    /// <value>null: for <c>https://</c> what the system trusts, and no certificate; <c>dns:///</c> is then in cleartext.</value>
    public TlsConnectOptions? Tls { get; init; }

    /// <summary>Whether sessions are opened with the prompt as soon as it is known, where an expert will likely be asked.</summary>
    /// <value>true; false opens at the first deferral.</value>
    public bool OpenAhead { get; init; } = true;

    /// <summary>Sessions that this router keeps open on one replica.</summary>
    /// <value>64.</value>
    [Range(1, 65536)]
    public int MaxSessionsPerReplica { get; init; } = 64;

    /// <summary>Tokens that the expert lacks before they are sent ahead of the next question; fewer travel with it.</summary>
    /// <value>32.</value>
    [Range(1, 1 << 20)]
    public int AppendTokens { get; init; } = 32;

    /// <summary>Sessions that one question may go through before it is given up.</summary>
    /// <value>3.</value>
    [Range(1, 16)]
    public int MaxAttempts { get; init; } = 3;

    /// <summary>How long a connection may take.</summary>
    /// <value>2 seconds.</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one question may take, a prefill ahead of it included, before its replica counts as lost.</summary>
    /// <value>30 seconds.</value>
    public TimeSpan AskTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a question is repeated that replicas refuse for the moment, whatever the request's own patience.</summary>
    /// <value>1 second.</value>
    public TimeSpan OverloadPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Wait after a replica's first failure; it doubles with every further one.</summary>
    /// <value>200 ms.</value>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest such wait.</summary>
    /// <value>10 seconds.</value>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often <c>dns:///</c> names are looked up.</summary>
    /// <value>5 seconds.</value>
    public TimeSpan ResolveInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often replicas are asked what they are.</summary>
    /// <value>10 seconds; 0 asks only when a request needs to know.</value>
    public TimeSpan DescribeInterval { get; init; } = TimeSpan.FromSeconds(10);
}
