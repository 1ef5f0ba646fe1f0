using System.Text;
using System.Text.Json;
using CoLlm.Protocol.V1;

namespace CoLlm.Router.OpenAi.Responses;

/// <summary>Log-probabilities of the tokens written, in the form of chats or the older one of completions. Used by one caller at a time.</summary>
internal sealed class LogProbabilityJson(bool isChat)
{
    /// <summary>What stands for the logarithm of nothing, which JSON cannot say.</summary>
    private const float Least = -9999f;

    private int _textOffset;

    public void Write(Utf8JsonWriter json, IReadOnlyList<TokenEvent> tokens)
    {
        json.WriteStartObject("logprobs");
        if (isChat)
            WriteChat(json, tokens);
        else
            WriteCompletion(json, tokens);
        json.WriteEndObject();
    }

    /// <summary>The value, or what stands for one that JSON cannot say.</summary>
    public static float Finite(float logProbability) => float.IsFinite(logProbability) ? logProbability : Least;

    private static void WriteChat(Utf8JsonWriter json, IReadOnlyList<TokenEvent> tokens)
    {
        json.WriteStartArray("content");
        foreach (TokenEvent token in tokens)
        {
            json.WriteStartObject();
            json.WriteString("token", token.Text);
            json.WriteNumber("logprob", Finite(token.LogProbability));
            json.WriteStartArray("bytes");
            foreach (byte value in Encoding.UTF8.GetBytes(token.Text))
                json.WriteNumberValue(value);
            json.WriteEndArray();
            json.WriteStartArray("top_logprobs");
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNull("refusal");
    }

    private void WriteCompletion(Utf8JsonWriter json, IReadOnlyList<TokenEvent> tokens)
    {
        json.WriteStartArray("tokens");
        foreach (TokenEvent token in tokens)
            json.WriteStringValue(token.Text);
        json.WriteEndArray();
        json.WriteStartArray("token_logprobs");
        foreach (TokenEvent token in tokens)
            json.WriteNumberValue(Finite(token.LogProbability));
        json.WriteEndArray();
        json.WriteNull("top_logprobs");
        json.WriteStartArray("text_offset");
        foreach (TokenEvent token in tokens)
        {
            json.WriteNumberValue(_textOffset);
            _textOffset += token.Text.Length;
        }

        json.WriteEndArray();
    }
}
