[assembly: Trait("Category", "EndToEnd")]
