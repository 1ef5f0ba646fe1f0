using CoLlm.Cli.Demo;
using CoLlm.Cli.Serving;

namespace CoLlm.Cli.Tests.Demo;

/// <summary>Lines to paste into a shell mean what they show.</summary>
public sealed class ClientCommandsTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "''")]
    [InlineData("two words", "'two words'")]
    [InlineData("it's $5", @"'it'\''s $5'")]
    public void Quoted_AnyText_IsOneWord(string text, string word) => Assert.Equal(word, ClientCommands.Quoted(text));

    [Fact]
    public void For_Question_NamesRouterAndQuestion() => Assert.Equal(
        [
            "/opt/collm generate --address http://127.0.0.1:4242 --chat 'What is 2^3?'",
            """curl -N http://127.0.0.1:4343/v1/chat/completions -H 'Content-Type: application/json' -d '{"stream":true,"messages":[{"role":"user","content":"What is 2^3?"}]}'""",
            """grpcurl -plaintext -d '{"chat":{"messages":[{"role":"user","content":"What is 2^3?"}]}}' 127.0.0.1:4242 collm.v1.Generation/Generate""",
        ],
        ClientCommands.For(new ServiceExecutable("/opt/collm", []), new Uri("http://127.0.0.1:4242"), new Uri("http://127.0.0.1:4343"), "What is 2^3?"));
}
