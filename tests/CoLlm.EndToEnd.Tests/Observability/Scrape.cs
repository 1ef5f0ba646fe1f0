using CoLlm.EndToEnd.Tests.Processes;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>What a process answers to a scraper.</summary>
internal static class Scrape
{
    public const string OpenMetrics = "application/openmetrics-text; version=1.0.0";

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>All metrics of the moment, in the format that is asked for.</summary>
    public static async Task<string> ReadAsync(CollmProcess process, string accept)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, process.HttpAddress + "/metrics");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using HttpResponseMessage response = await Http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }
}
