using System.Text;
using System.Text.Json;
using CoLlm.Router.Api;
using CoLlm.Router.OpenAi.Requests;

namespace CoLlm.Router.Tests.OpenAi.Requests;

/// <summary>Documents are few and short-lived, and what is no document is refused by what it lacks.</summary>
public sealed class JsonDocumentsTests : IDisposable
{
    private readonly JsonDocuments _documents = new(1);

    [Fact]
    public async Task ReadAsync_PlacesAreTaken_WaitsUntilOneIsFree()
    {
        TaskCompletionSource reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ManualResetEventSlim mayEnd = new();
        Task<int> first = Task.Run(() => _documents.ReadAsync("[1]"u8.ToArray(), root =>
        {
            reading.SetResult();
            mayEnd.Wait(TestContext.Current.CancellationToken);
            return root[0].GetInt32();
        }, default));
        await reading.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        using CancellationTokenSource leaving = new();

        Task<int> second = ReadAsync("[2]", default), third = ReadAsync("[3]", leaving.Token);
        Assert.False(second.IsCompleted);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third);

        mayEnd.Set();
        Assert.Equal((1, 2), (await first, await second));
    }

    [Fact]
    public async Task ReadAsync_HasRead_KeepsNoDocument()
    {
        JsonElement kept = await _documents.ReadAsync("""{ "a": 1 }"""u8.ToArray(), root => root, default);
        Assert.Throws<ObjectDisposedException>(() => kept.GetProperty("a"));
    }

    [Fact]
    public async Task ReadAsync_ReadRefuses_FreesItsPlace()
    {
        await Assert.ThrowsAsync<RequestRefusedException>(() => ReadAsync("[null]", default, _ => throw RequestRefusedException.Invalid("No.")));
        Assert.Equal(4, await ReadAsync("[4]", default));
    }

    /// <summary>Each character of a body is one byte.</summary>
    [Theory]
    [InlineData("{\"prompt\":\"a\u00ff\"}", "The request is no UTF-8: byte 12 belongs to no character.")]
    [InlineData("{\"\u00c3\u00a4\u00a4\":1}", "The request is no UTF-8: byte 4 belongs to no character.")]
    [InlineData("[\"\u00ed\u00a0\u0080\"]", "The request is no UTF-8: byte 2 belongs to no character.")]
    [InlineData("\u00e2\u0082", "The request is no UTF-8: byte 0 belongs to no character.")]
    [InlineData("{\"a\\ud800\":1}", "The request has text with half a character (a lone surrogate), which is none.")]
    [InlineData("[\"\\udc00\"]", "The request has text with half a character (a lone surrogate), which is none.")]
    public async Task ReadAsync_BodyIsNoText_SaysWhatItIs(string bytes, string sentence)
    {
        RequestRefusedException refusal = await Assert.ThrowsAsync<RequestRefusedException>(
            () => _documents.ReadAsync(Encoding.Latin1.GetBytes(bytes), root => root[0].GetString(), default));
        Assert.Equal(sentence, refusal.Message);
    }

    public void Dispose() => _documents.Dispose();

    private Task<int> ReadAsync(string body, CancellationToken cancellationToken, Func<JsonElement, int>? read = null) =>
        _documents.ReadAsync(Encoding.UTF8.GetBytes(body), read ?? (root => root[0].GetInt32()), cancellationToken);
}
