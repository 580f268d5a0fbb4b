// The peer: React Flow as its documentation recommends it for large graphs. The address says how many nodes, and which view.

import { Background, ReactFlow, useEdgesState, useNodesState } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { createRoot } from "react-dom/client";

const query = Object.fromEntries([...new URLSearchParams(location.search)].map(([key, value]) => [key, Number(value)]));
const columns = Math.ceil(Math.sqrt(query.count));
const size = { width: 200, height: 100 };

// The same places and edges as `grid` in support/comfyui.mjs gives.
const nodes = Array.from({ length: query.count }, (_, index) => ({
  id: `${index}`,
  position: { x: (index % columns) * 260, y: Math.floor(index / columns) * 160 },
  data: { label: `ImageScaleBy ${index}` },
  sourcePosition: "right",
  targetPosition: "left",
  style: size,
}));
const edges = nodes.slice(1).map((node, index) => ({ id: `e${index}`, source: `${index}`, target: node.id }));

function Graph() {
  const [shown, , onNodesChange] = useNodesState(nodes);
  const [joined, , onEdgesChange] = useEdgesState(edges);
  return (
    <ReactFlow
      nodes={shown}
      edges={joined}
      onNodesChange={onNodesChange}
      onEdgesChange={onEdgesChange}
      defaultViewport={{ x: query.x, y: query.y, zoom: query.zoom }}
      minZoom={0.01}
      onlyRenderVisibleElements
    >
      <Background />
    </ReactFlow>
  );
}

const root = document.getElementById("root");
root.style.width = `${query.width}px`;
root.style.height = `${query.height}px`;
createRoot(root).render(<Graph />);
