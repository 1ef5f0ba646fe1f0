using System.Text.Json;
using CoLlm.Expert.Models;
using CoLlm.Expert.OpenAi.Dialects;
using CoLlm.Expert.Sessions;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>Finds out which server answers and which model it has.</summary>
internal sealed class ServerInspection(ServerConnection connection, OpenAiOptions options, Tokenizer tokenizer)
{
    private const int MostListBytes = 4 << 20;
    private const string ModelsPath = "v1/models";

    /// <summary>Looks at the model list, and at what else the dialect has.</summary>
    /// <exception cref="BackendException">It cannot be reached, or has no such model, or does not say what is needed.</exception>
    public async Task<ServerModel> RunAsync(CancellationToken cancellationToken)
    {
        using ServerReply reply = await connection.GetAsync(ModelsPath, MostListBytes, cancellationToken).ConfigureAwait(false);
        JsonElement listed = FindModel(reply);
        string name = ServerReply.FindText(listed, "id") ?? throw reply.Malformed("with a model without id");
        ServerDialect dialect = FindDialect(listed, reply);
        (int? context, int? vocabulary) = await dialect.InspectAsync(connection, listed, cancellationToken).ConfigureAwait(false);
        int tokens = context is > 1 ? context.Value : options.ContextTokens;
        return tokens > 1
            ? new ServerModel(dialect, name, ReplyName: null, tokens, vocabulary)
            : throw new BackendException(new SessionFault(
                FailureReason.Internal, $"{connection.Name} does not tell the context length of {name}; set ContextTokens."));
    }

    private JsonElement FindModel(ServerReply reply)
    {
        JsonElement[] models = [.. reply.Need(reply.Root, JsonValueKind.Array, "data").EnumerateArray()];
        string[] names = [.. models.Select(model => ServerReply.FindText(model, "id") ?? "")];
        int index = options.Model.Length > 0 ? Array.IndexOf(names, options.Model) : models.Length == 1 ? 0 : -1;
        if (index >= 0)
            return models[index];
        string there = names.Length == 0 ? "no model" : string.Join(", ", names.Take(8));
        throw options.Model.Length > 0
            ? reply.Of(FailureReason.ModelMismatch, $"that it has {there}, not {options.Model} (Model)", options.Model, there)
            : reply.Malformed($"that it has {there}; name one by Model");
    }

    private ServerDialect FindDialect(JsonElement model, ServerReply reply)
    {
        ServerFlavor flavor = options.Flavor;
        string owner = ServerReply.FindText(model, "owned_by") ?? "";
        if (flavor == ServerFlavor.Auto)
        {
            flavor = owner.ToLowerInvariant() switch
            {
                "vllm" => ServerFlavor.Vllm,
                "sglang" => ServerFlavor.Sglang,
                "llamacpp" or "llama.cpp" => ServerFlavor.LlamaCpp,
                _ => throw reply.Malformed($"with a model that is owned by \"{owner}\", which tells of no known server; set Flavor"),
            };
        }

        return flavor switch
        {
            ServerFlavor.Vllm => new VllmDialect(),
            ServerFlavor.Sglang => new SglangDialect(),
            _ => new LlamaCppDialect(tokenizer.Encode("a", addSpecial: false)[^1]),
        };
    }
}
