using System.ComponentModel.DataAnnotations;
using CoLlm.ServiceDefaults.Configuration;

namespace CoLlm.ServiceDefaults.Tests.Configuration;

public sealed class ServiceConfigurationTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Load_EverythingRight_BindsNestedValuesListsAndDurations()
    {
        ServerOptions options = Load("""
            {
              // Comments are fine.
              "Port": 8080, "Wait": "00:00:05", "Mode": "slow",
              "Models": [ { "Name": "a", "Weight": 0.5 }, { "Name": "b" } ],
            }
            """);

        Assert.Equal((8080, TimeSpan.FromSeconds(5), Mode.Slow), (options.Port, options.Wait, options.Mode));
        Assert.Equal(["a", "b"], options.Models.Select(model => model.Name));
        Assert.Equal(0.5, options.Models[0].Weight);
    }

    [Fact]
    public void Load_SeveralMistakesOfShape_NamesThemAll()
    {
        ServiceConfigurationException exception = Assert.Throws<ServiceConfigurationException>(() => Load("""
            { "Prot": 1, "Wait": "soon", "Mode": "quick", "Models": [ { "Nmae": "a" } ] }
            """));

        Assert.Equal(4, exception.Errors.Count);
        Assert.Contains(exception.Errors, error => error.StartsWith("Prot is not a setting; the file has Port", StringComparison.Ordinal));
        Assert.Contains("Wait is \"soon\", which is not a duration such as 00:00:20.", exception.Errors);
        Assert.Contains("Mode is \"quick\", which is not one of Fast, Slow.", exception.Errors);
        Assert.Contains(exception.Errors, error => error.StartsWith("Models:0:Nmae is not a setting; Models:0 has Name", StringComparison.Ordinal));
    }

    [Fact]
    public void Load_ValuesOutOfRange_NamesThemAllWithTheirPlace()
    {
        ServiceConfigurationException exception = Assert.Throws<ServiceConfigurationException>(() => Load("""
            { "Port": 70000, "Models": [ { "Name": "a" }, { "Name": "", "Weight": 2 } ] }
            """));

        Assert.Equal(3, exception.Errors.Count);
        Assert.Contains(exception.Errors, error => error.StartsWith("Port: ", StringComparison.Ordinal));
        Assert.Contains(exception.Errors, error => error.StartsWith("Models[1].Name: ", StringComparison.Ordinal));
        Assert.Contains(exception.Errors, error => error.StartsWith("Models[1].Weight: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{ "Title": null }""", "Title")]
    [InlineData("""{ "Tags": [ "a", null ] }""", "Tags[1]")]
    [InlineData("""{ "Models": [ { "Name": "a", "Device": null } ] }""", "Models[0].Device")]
    public void Load_NullWhereAValueMustBe_IsNamed(string json, string place)
    {
        ServiceConfigurationException exception = Assert.Throws<ServiceConfigurationException>(() => Load(json, options => throw new InvalidOperationException("Not reached.")));
        Assert.Equal([$"{place} is null, which is no value of it."], exception.Errors);
    }

    [Fact]
    public void Load_NullWhereItIsAValue_IsTaken() => Assert.Null(Load("""{ "Note": null }""").Note);

    [Fact]
    public void Load_RulesAcrossValues_AreCheckedLast()
    {
        ServiceConfigurationException exception = Assert.Throws<ServiceConfigurationException>(() =>
            Load("""{ "Models": [] }""", options => options.Models.Count == 0 ? ["There is no model."] : []));
        Assert.Equal(["There is no model."], exception.Errors);
    }

    [Fact]
    public void Load_EnvironmentVariable_OverridesTheFile()
    {
        const string variable = ServiceConfiguration.EnvironmentPrefix + "Port";
        Environment.SetEnvironmentVariable(variable, "9090");
        try
        {
            Assert.Equal(9090, Load("""{ "Port": 8080 }""").Port);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    [Theory]
    [InlineData("{ \"Port\": ")]
    [InlineData("[1, 2]")]
    [InlineData("")]
    public void Load_BrokenJson_NamesTheFile(string json)
    {
        ServiceConfigurationException exception = Assert.Throws<ServiceConfigurationException>(() => Load(json));
        Assert.StartsWith(_file, Assert.Single(exception.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NoFile_NamesTheFile()
    {
        ServiceConfigurationException exception =
            Assert.Throws<ServiceConfigurationException>(() => ServiceConfiguration.Load<ServerOptions>(_file + ".missing"));
        Assert.Contains(_file + ".missing", Assert.Single(exception.Errors), StringComparison.Ordinal);
    }

    private ServerOptions Load(string json, Func<ServerOptions, IEnumerable<string>>? validate = null)
    {
        File.WriteAllText(_file, json);
        return ServiceConfiguration.Load(_file, validate);
    }

    private enum Mode
    {
        Fast,
        Slow,
    }

    private sealed record ServerOptions
    {
        [Range(1, 65535)]
        public int Port { get; init; } = 80;

        public TimeSpan Wait { get; init; }

        public Mode Mode { get; init; }

        public string Title { get; init; } = "";

        public string? Note { get; init; } = "none";

        public string[] Tags { get; init; } = [];

        public List<ModelOptions> Models { get; init; } = [];
    }

    private sealed record ModelOptions
    {
        [Required]
        public string Name { get; init; } = "";

        [Range(0.0, 1.0)]
        public double? Weight { get; init; }

        public string Device { get; init; } = "cpu";
    }
}
