using System.Text.Json.Nodes;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Models;

public sealed class ModelConfigReaderTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_Llama3_HasScalingAndBothEndings()
    {
        ModelConfig config = ModelConfigReader.Read(RepositoryPaths.Golden("models", "llama3-tiny"));

        Assert.Equal(new Llama3RopeScaling(8, 1, 4, 64), config.RopeScaling);
        Assert.Equal([507, 510], config.EosTokenIds);
        Assert.Equal((500000.0, 16, 2, true), (config.RopeTheta, config.HeadDim, config.KeyValueHeadCount, config.TiesEmbeddings));
    }

    [Fact]
    public void Read_Mistral_HasItsWindow()
    {
        ModelConfig config = ModelConfigReader.Read(RepositoryPaths.Golden("models", "mistral-tiny"));

        Assert.Equal((ModelArchitecture.Mistral, 32), (config.Architecture, config.SlidingWindow));
    }

    [Fact]
    public void Read_Qwen2WithWindowSwitchedOff_HasNone()
    {
        ModelConfig config = ModelConfigReader.Read(RepositoryPaths.Golden("models", "qwen2-tiny"));

        Assert.Null(config.SlidingWindow);
        Assert.True(config.HasProjectionBias);
    }

    [Theory]
    [InlineData("{\"rope_scaling\": {\"type\": \"linear\", \"factor\": 4.0}}")]
    [InlineData("{\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 4}}")]
    [InlineData("{\"rope_parameters\": {\"rope_type\": \"linear\", \"factor\": 4, \"rope_theta\": 10000.0}, \"rope_theta\": null}")]
    public void Read_LinearScalingInAnySpelling_IsTheSame(string changes)
    {
        ModelConfig config = ReadChanged("llama-tiny", changes);

        Assert.Equal((new LinearRopeScaling(4), 10000.0), (config.RopeScaling, config.RopeTheta));
    }

    [Theory]
    [InlineData("{\"rope_scaling\": {\"rope_type\": \"default\"}}")]
    [InlineData("{\"rope_scaling\": null, \"rope_theta\": null, \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 10000}}")]
    [InlineData("{\"rope_scaling\": null, \"rope_theta\": null, \"rope_parameters\": {\"rope_theta\": 10000}}")]
    public void Read_DefaultScaling_IsNone(string changes)
    {
        ModelConfig config = ReadChanged("llama-tiny", changes);

        Assert.Null(config.RopeScaling);
        Assert.Equal(10000.0, config.RopeTheta);
    }

    [Theory]
    [InlineData("{\"use_sliding_window\": true, \"max_window_layers\": 0}", 64)]
    [InlineData("{\"use_sliding_window\": true, \"max_window_layers\": 2}", null)]
    [InlineData("{\"use_sliding_window\": true, \"layer_types\": [\"sliding_attention\", \"sliding_attention\"]}", 64)]
    [InlineData("{\"use_sliding_window\": true, \"layer_types\": [\"full_attention\", \"full_attention\"]}", null)]
    [InlineData("{\"use_sliding_window\": true, \"sliding_window\": null, \"max_window_layers\": 1}", null)]
    public void Read_QwenWindow_AppliesToAllLayersOrNone(string changes, int? expected) =>
        Assert.Equal(expected, ReadChanged("qwen2-tiny", changes).SlidingWindow);

    [Theory]
    [InlineData("mistral-tiny", "{\"sliding_window\": null}", null)]
    [InlineData("mistral-tiny", "{\"sliding_window\": \"absent\"}", 4096)]
    public void Read_MistralWindow_TakesTheReferenceDefaults(string model, string changes, int? expected) =>
        Assert.Equal(expected, ReadChanged(model, changes).SlidingWindow);

    [Fact]
    public void Read_AbsentKeys_TakeTheArchitecturesDefaults()
    {
        ModelConfig config = ReadChanged(
            "llama-tiny",
            "{\"head_dim\": null, \"num_key_value_heads\": \"absent\", \"tie_word_embeddings\": \"absent\", \"rms_norm_eps\": \"absent\", \"max_position_embeddings\": \"absent\", \"rope_theta\": \"absent\"}");

        Assert.Equal((16, 4, false, 1e-6f, 2048, 10000.0), (config.HeadDim, config.KeyValueHeadCount, config.TiesEmbeddings, config.RmsNormEpsilon, config.MaxPositionCount, config.RopeTheta));
    }

    [Fact]
    public void Read_NoGenerationConfig_TakesTheEndingFromTheModel()
    {
        ModelConfig config = ReadChanged("llama-tiny", "{\"eos_token_id\": [5, 6]}");

        Assert.Equal([5, 6], config.EosTokenIds);
    }

    [Theory]
    [InlineData("{\"model_type\": \"mixtral\"}", "'model_type' says 'mixtral', a model that is not supported (Llama, Mistral, Qwen2 and Qwen3 are).")]
    [InlineData("{\"architectures\": [\"GemmaForCausalLM\"]}", "'architectures' says 'GemmaForCausalLM', a model that is not supported (Llama, Mistral, Qwen2 and Qwen3 are).")]
    [InlineData("{\"architectures\": [\"MistralForCausalLM\"]}", "'architectures' says MistralForCausalLM, but 'model_type' says llama.")]
    [InlineData("{\"architectures\": \"absent\", \"model_type\": \"absent\"}", "'model_type' is missing, and so is 'architectures'.")]
    [InlineData("{\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4}}", "'rope_scaling' has the type 'yarn'; supported are default, linear and llama3.")]
    [InlineData("{\"rope_scaling\": {\"factor\": 4}}", "'rope_scaling' names no 'rope_type'.")]
    [InlineData("{\"rope_scaling\": {\"type\": \"linear\"}}", "'rope_scaling.factor' is missing.")]
    [InlineData("{\"rope_scaling\": {\"type\": \"linear\", \"factor\": 0}}", "'rope_scaling.factor' is not a positive number.")]
    [InlineData("{\"hidden_act\": \"gelu\"}", "'hidden_act' is 'gelu'; only silu is supported.")]
    [InlineData("{\"mlp_bias\": true}", "'mlp_bias' is true, and biases in the feed-forward layer are not supported.")]
    [InlineData("{\"attention_bias\": true}", "'attention_bias' is true, and a bias on the attention's output projection is not supported.")]
    [InlineData("{\"quantization_config\": {}}", "'quantization_config' is there, and weights quantised by other tools are not supported.")]
    [InlineData("{\"hidden_size\": 65}", "'hidden_size' is 65, which 4 heads do not divide, and there is no 'head_dim'.")]
    [InlineData("{\"head_dim\": 15}", "'head_dim' is 15; rotary embedding needs an even number.")]
    [InlineData("{\"num_key_value_heads\": 3}", "'num_key_value_heads' is 3, which does not divide the 4 heads.")]
    [InlineData("{\"num_hidden_layers\": 1000000000}", "'num_hidden_layers' is not a whole number from 1 to 4096.")]
    [InlineData("{\"vocab_size\": 0}", "'vocab_size' is not a whole number from 1 to 16777216.")]
    [InlineData("{\"vocab_size\": \"512\"}", "'vocab_size' is not a whole number from 1 to 16777216.")]
    [InlineData("{\"eos_token_id\": 512}", "'eos_token_id' holds something that is no token id from 0 to 511.")]
    [InlineData("{\"bos_token_id\": -1}", "'bos_token_id' holds something that is no token id from 0 to 511.")]
    [InlineData("{\"rms_norm_eps\": 1e-60}", "'rms_norm_eps' is not between 0 and 1.")]
    [InlineData("{\"tie_word_embeddings\": \"yes\"}", "'tie_word_embeddings' is neither true nor false.")]
    public void Read_WhatTheEngineDoesNotRun_IsNamed(string changes, string expected)
    {
        var error = Assert.Throws<CheckpointException>(() => ReadChanged("llama-tiny", changes));

        Assert.Equal($"config.json: {expected}", error.Message);
    }

    [Fact]
    public void Read_QwenWithWindowOnSomeLayers_IsRefused()
    {
        var error = Assert.Throws<CheckpointException>(() => ReadChanged("qwen2-tiny", "{\"use_sliding_window\": true, \"max_window_layers\": 1}"));

        Assert.Equal("config.json: 'max_window_layers' gives 1 of 2 layers a sliding window, and mixing windowed and full layers is not supported.", error.Message);
    }

    [Theory]
    [InlineData("{", "config.json: broken JSON at line 1, byte 2.")]
    [InlineData("[]", "config.json: it is not a JSON object.")]
    [InlineData("{\"a\": 1, \"a\": 2}", "config.json: broken JSON, an object in it names a key twice.")]
    public void Read_BrokenJson_NamesTheFile(string content, string expected)
    {
        _folder.Write("config.json", content);

        Assert.StartsWith(expected, Assert.Throws<CheckpointException>(() => ModelConfigReader.Read(_folder.Path)).Message, StringComparison.Ordinal);
    }

    /// <summary>Reads a golden model's config with some keys replaced; "absent" removes a key. There is no generation_config.json.</summary>
    private ModelConfig ReadChanged(string model, string changes)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(RepositoryPaths.Golden("models", model, "config.json")))!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(changes)!.AsObject())
        {
            if (value?.GetValueKind() == System.Text.Json.JsonValueKind.String && value.GetValue<string>() == "absent")
                config.Remove(key);
            else
                config[key] = value?.DeepClone();
        }

        _folder.Write("config.json", config.ToJsonString());
        return ModelConfigReader.Read(_folder.Path);
    }
}
