using System.Text.Json;
using CoLlm.Protocol.V1;

namespace CoLlm.Router.OpenAi.Responses;

/// <summary>What <c>/v1/models</c> says of a model.</summary>
internal static class ModelListJson
{
    /// <param name="json">Receives it.</param>
    /// <param name="model">The model.</param>
    /// <param name="created">Since when it is served, in seconds since 1970.</param>
    public static void WriteList(Utf8JsonWriter json, CollaborativeModel model, long created)
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        WriteModel(json, model, created);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WriteModel(Utf8JsonWriter json, CollaborativeModel model, long created)
    {
        json.WriteStartObject();
        json.WriteString("id", model.Name);
        json.WriteString("object", "model");
        json.WriteNumber("created", created);
        json.WriteString("owned_by", "collm");
        json.WriteNumber("max_model_len", model.MaxSequenceTokens);
        json.WriteStartObject("collm");
        json.WriteNumber("max_new_tokens", model.MaxNewTokens);
        json.WriteString("base_fingerprint", model.Base.Fingerprint);
        if (model.HasDefaultThreshold)
            json.WriteNumber("default_threshold", model.DefaultThreshold);
        else
            json.WriteNull("default_threshold");
        json.WriteStartArray("experts");
        foreach (ExpertDescription expert in model.Experts)
        {
            json.WriteStartObject();
            json.WriteString("name", expert.Name);
            json.WriteNumber("reachable_replicas", expert.ReachableReplicaCount);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("calibration");
        foreach (CalibrationPoint point in model.Calibration)
        {
            json.WriteStartObject();
            json.WriteNumber("target_rate", point.TargetRate);
            json.WriteNumber("threshold", point.Threshold);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
