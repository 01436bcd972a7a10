document.title = "jacoflow";
