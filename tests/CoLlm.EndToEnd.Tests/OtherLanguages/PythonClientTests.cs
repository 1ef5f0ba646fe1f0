namespace CoLlm.EndToEnd.Tests.OtherLanguages;

/// <summary>A client author in another language needs the published protos alone.</summary>
[Collection<SharedServicesCollection>]
public sealed class PythonClientTests(SharedServices services)
{
    [Fact]
    public Task Generate_FromPython_BringsTheSameTokenEvents() => PythonClient.CheckAsync(services.WithFirst);
}
